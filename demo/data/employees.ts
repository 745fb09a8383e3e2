import type { Insertable } from 'kysely'
import type { Employee } from '../../src/database/types.ts'
import type { LocalDay } from './calendar.ts'
import {
  CAFE_NONO,
  type DemoBusiness,
  type DemoLocation,
  ESTUDIO_QUETZAL,
  HUDSON,
  LA_CEIBA,
  LUIS,
  SOFIA,
} from './directory.ts'
import { createRandom, type Random, stableId } from './random.ts'

interface DemoEmployee {
  number: string
  name: string
  position: string
  /** Code of the location. */
  at: string
  /** Hours in which they sell, the second exclusive; none for who has left. */
  shift: readonly [number, number] | null
  /** ISO weekdays on which they do not work. */
  off?: readonly number[]
  /** Approves most discounts, cancellations and refunds, and sells when nobody else does. */
  isSupervisor?: true
  userId?: string
}

const EMPLOYEES: Record<string, readonly DemoEmployee[]> = {
  [LA_CEIBA.id]: [
    { number: '101', name: LUIS.displayName, position: 'Cajero', at: 'Z10', shift: [7, 14], off: [7], userId: LUIS.id },
    { number: '102', name: 'Marisol Tzoc', position: 'Cajera', at: 'Z10', shift: [13, 20], off: [2] },
    { number: '103', name: 'Edwin Barrios', position: 'Cajero', at: 'Z10', shift: [10, 20], off: [1, 3] },
    { number: '104', name: 'Claudia Ordóñez', position: 'Encargada', at: 'Z10', shift: [7, 20], isSupervisor: true },
    { number: '201', name: 'Ixchel Batz', position: 'Cajera', at: 'ANT', shift: [7, 15], off: [2] },
    { number: '202', name: 'Wilson Caal', position: 'Cajero', at: 'ANT', shift: [12, 20], off: [4] },
    { number: '203', name: 'Mynor Cifuentes', position: 'Encargado', at: 'ANT', shift: [7, 20], isSupervisor: true },
    { number: '204', name: 'Brenda De León', position: 'Cajera', at: 'ANT', shift: null },
  ],
  [CAFE_NONO.id]: [
    { number: '11', name: 'Carmen Ruiz', position: 'Encargada', at: 'MAL', shift: [7, 21], isSupervisor: true },
    { number: '12', name: 'Iker Etxeberria', position: 'Barista', at: 'MAL', shift: [7, 14], off: [1] },
    { number: '13', name: 'Noa Castro', position: 'Camarera', at: 'MAL', shift: [11, 19], off: [3] },
    { number: '14', name: 'Youssef Benali', position: 'Barista', at: 'MAL', shift: [14, 21], off: [2] },
    { number: '21', name: 'Lola Jiménez', position: 'Encargada', at: 'LAV', shift: [7, 21], isSupervisor: true },
    { number: '22', name: 'Dani Peña', position: 'Barista', at: 'LAV', shift: [7, 15], off: [7] },
    { number: '23', name: 'Ángela Núñez', position: 'Camarera', at: 'LAV', shift: [13, 21], off: [1] },
  ],
  [HUDSON.id]: [
    { number: 'E01', name: 'Priya Shah', position: 'Store manager', at: 'WV', shift: [7, 19], isSupervisor: true },
    { number: 'E02', name: 'Marcus Bell', position: 'Barista', at: 'WV', shift: [7, 13], off: [7] },
    { number: 'E03', name: 'Jenny Alvarez', position: 'Counter', at: 'WV', shift: [9, 17], off: [2] },
    { number: 'E04', name: "Tom O'Neill", position: 'Counter', at: 'WV', shift: [12, 19], off: [4] },
    { number: 'E05', name: 'Grace Kim', position: 'Barista', at: 'WV', shift: null },
  ],
  [ESTUDIO_QUETZAL.id]: [
    {
      number: '1',
      name: SOFIA.displayName,
      position: 'Directora',
      at: 'EQ',
      shift: [9, 17],
      isSupervisor: true,
      userId: SOFIA.id,
    },
    { number: '2', name: 'Diego Monzón', position: 'Administrador', at: 'EQ', shift: [9, 17] },
    { number: '3', name: 'Paola Arriaza', position: 'Asistente', at: 'EQ', shift: [9, 13] },
  ],
}

const idOf = (business: DemoBusiness, { number }: DemoEmployee) => stableId(business.id, 'employee', number)

/** Everyone who works or worked in a business. */
export function employeeRows(business: DemoBusiness, createdAt: Date): Insertable<Employee>[] {
  return (EMPLOYEES[business.id] ?? []).map((employee) => ({
    business_id: business.id,
    id: idOf(business, employee),
    number: employee.number,
    name: employee.name,
    location_id: business.locations.find(({ code }) => code === employee.at)?.id ?? null,
    position: employee.position,
    is_active: employee.shift !== null,
    user_id: employee.userId ?? null,
    created_at: createdAt,
  }))
}

/** Ids of the employees who did what to an order; null for what nobody did. */
export interface Doers {
  sold_by: string
  discounted_by: string | null
  cancelled_by: string | null
}

/** Who of a location's people sold, discounted, cancelled and refunded. */
export interface Staff {
  doersOf(orderId: string, day: LocalDay, hour: number, is: { discounted: boolean; cancelled: boolean }): Doers
  refunderOf(orderId: string, day: LocalDay, hour: number): string
}

/** The people of a location. Their random numbers are their own, so that they change nothing of what is sold. */
export function createStaff(business: DemoBusiness, { code }: DemoLocation): Staff {
  const people = (EMPLOYEES[business.id] ?? []).filter(({ at }) => at === code)
  const supervisor = people.find(({ isSupervisor }) => isSupervisor) as DemoEmployee

  function atTheTill(day: LocalDay, hour: number, random: Random): DemoEmployee {
    const present = people.filter(
      ({ shift, off }) => shift !== null && shift[0] <= hour && hour < shift[1] && !off?.includes(day.weekday),
    )
    return random.weighted([
      ...present.map((person) => [person, person.isSupervisor ? 1 : 6] as const),
      [supervisor, 0.01],
    ])
  }
  const either = (seller: DemoEmployee, random: Random, share: number) =>
    idOf(business, random.chance(share) ? supervisor : seller)

  return {
    doersOf(orderId, day, hour, { discounted, cancelled }) {
      const random = createRandom(`${orderId}/staff`)
      const seller = atTheTill(day, hour, random)
      return {
        sold_by: idOf(business, seller),
        discounted_by: discounted ? either(seller, random, 0.5) : null,
        cancelled_by: cancelled ? either(seller, random, 0.4) : null,
      }
    },
    refunderOf(orderId, day, hour) {
      const random = createRandom(`${orderId}/refund/staff`)
      return either(atTheTill(day, hour, random), random, 0.6)
    },
  }
}
