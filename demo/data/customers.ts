import type { Insertable } from 'kysely'
import type { Customer } from '../../src/database/types.ts'
import type { Calendar, LocalDay, Window } from './calendar.ts'
import { createRandom, type Random, stableId } from './random.ts'
import type { Shop } from './shops.ts'

/** A customer with a personal rhythm. */
export interface Regular {
  id: string
  code: string
  name: string
  joinedOn: number
  /** The day from which the customer no longer comes. */
  leavesOn: number
  /** Days between two visits. */
  interval: number
  phase: number
  homeLocation: number
}

/** A customer's temperament: a factor for the days between visits, and for how many days they stay a customer. */
interface Temper {
  calm: number
  stays: readonly [number, number] | null
}

/** A time before any shop opens. */
const JOINING_SECOND = 5 * 3600

const LOYAL: Temper = { calm: 1, stays: null }
const CHURNING: Temper = { calm: 1, stays: [20, 420] }
const OCCASIONAL: Temper = { calm: 6, stays: null }
const TRYING: Temper = { calm: 2, stays: [1, 18] }

/**
 * Everyone who has joined up to a day of the history. Who joins on a day depends only on the day, so that a longer
 * history begins with the same people.
 */
export function customersUntil(shop: Shop, lastDay: number, scale: number): Regular[] {
  const { base, joinsPerDay } = shop.customers
  const people: Regular[] = []
  const random = createRandom(`${shop.business.id}/customers`)
  for (let number = 0; number < Math.ceil(base * scale); number++) {
    const temper = random.weighted([
      [LOYAL, 44],
      [CHURNING, 37],
      [OCCASIONAL, 19],
    ] as const)
    people.push(makeCustomer(shop, people.length, 0, temper, random))
  }
  for (let index = 1; index <= lastDay; index++) {
    const random = createRandom(`${shop.business.id}/joins/${index}`)
    if (!random.chance(joinsPerDay * scale)) continue
    const temper = random.weighted([
      [LOYAL, 40],
      [TRYING, 35],
      [CHURNING, 25],
    ] as const)
    people.push(makeCustomer(shop, people.length, index, temper, random))
  }
  return people
}

/** The customers who visit a location on a day, each in their own rhythm. */
export function visitors(people: readonly Regular[], day: LocalDay, location: number): Regular[] {
  return people.filter(
    (person) =>
      person.homeLocation === location &&
      day.index >= person.joinedOn &&
      day.index < person.leavesOn &&
      visitsOn(person, day.index),
  )
}

function visitsOn({ phase, interval }: Regular, day: number): boolean {
  const about = Math.round((day - phase) / interval)
  return [about - 1, about, about + 1].some((visit) => {
    // A visit is up to a third of the interval early or late.
    const wobble = (Math.abs(Math.imul(visit + 1013, 0x9e3779b1) ^ Math.imul(phase, 0x85ebca6b)) % 1000) / 1500 - 1 / 3
    return Math.floor(phase + (visit + wobble) * interval) === day
  })
}

function makeCustomer(shop: Shop, number: number, joinedOn: number, temper: Temper, random: Random): Regular {
  const { people, codePrefix, rhythm } = shop.customers
  const families = Array.from({ length: people.familyNames }, () => random.pick(people.family))
  const interval = (rhythm[0] + (rhythm[1] - rhythm[0]) * random.next() ** 2) * temper.calm
  return {
    id: stableId(shop.business.id, 'customer', number),
    code: `${codePrefix}-${String(number + 1).padStart(4, '0')}`,
    name: [random.pick(people.given), ...families].join(' '),
    joinedOn,
    leavesOn: temper.stays ? joinedOn + random.int(...temper.stays) : Number.POSITIVE_INFINITY,
    interval,
    phase: joinedOn + random.int(0, Math.ceil(interval / 2)),
    homeLocation: random.weighted(shop.business.locations.map(({ share }, index) => [index, share] as const)),
  }
}

/** Rows of the customers who joined within a window, and perhaps of some who joined a little before. */
export function customerRows(
  shop: Shop,
  calendar: Calendar,
  people: readonly Regular[],
  { after, until }: Window,
): Insertable<Customer>[] {
  const { phone, taxId, cities, country } = shop.customers.people
  const firstDay = calendar.indexOf(after)
  return people
    .filter(({ joinedOn }) => joinedOn >= firstDay)
    .map(({ id, code, name, joinedOn }) => ({ id, code, name, at: calendar.day(joinedOn).at(JOINING_SECOND) }))
    .filter(({ at }) => at <= until)
    .map(({ id, code, name, at }) => {
      const random = createRandom(id)
      return {
        business_id: shop.business.id,
        id,
        code,
        name,
        email: random.chance(0.7) ? `${mailbox(name)}.${code.slice(-4)}@example.com` : null,
        phone: random.chance(0.8) ? phone(random) : null,
        tax_id: random.chance(0.3) ? taxId(random) : null,
        city: random.pick(cities),
        country,
        created_at: at,
        updated_at: at,
      }
    })
}

function mailbox(name: string): string {
  return name
    .normalize('NFD')
    .toLowerCase()
    .replace(/[^a-z ]/g, '')
    .replaceAll(' ', '.')
}
