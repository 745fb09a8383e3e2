import { addDays, localDate, localTime, weekday } from '../src/time/local.ts'
import { DEMO_MEMBERSHIPS, DEMO_USERS, type DemoUser } from './data/directory.ts'
import { SHOPS, type Shop } from './data/shops.ts'

/** What a demo suggests to ask first. */
export interface Greeting {
  user: Pick<DemoUser, 'email' | 'password'>
  business: string
  /** `how today is going`. */
  question: string
  /** Arguments of `summarize_day`. */
  arguments: Record<string, string>
}

const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']

/**
 * A question whose answer is worth reading at any time of day: today at a shop that has been open for an hour, else
 * yesterday at the first shop that was open.
 */
export function greetingAt(now: Date): Greeting {
  const today = SHOPS.find((shop) => isOpen(shop, now))
  if (today !== undefined) return greeting(today, 'how today is going', {})
  const yesterday = (shop: Shop) => addDays(localDate(now, shop.business.timezone), -1)
  const shop = SHOPS.find((each) => worksOn(each, yesterday(each))) ?? (SHOPS[0] as Shop)
  return greeting(shop, 'how yesterday went', { date: yesterday(shop) })
}

function isOpen(shop: Shop, now: Date): boolean {
  const { timezone } = shop.business
  const hour = Number(localTime(now, timezone).slice(0, 2))
  const isWithinHours = hour > shop.opensAt && hour < shop.opensAt + shop.hours.length
  return isWithinHours && worksOn(shop, localDate(now, timezone))
}

const worksOn = (shop: Shop, date: string) => (shop.weekdays[WEEKDAYS.indexOf(weekday(date))] ?? 0) > 0

function greeting({ business }: Shop, question: string, args: Record<string, string>): Greeting {
  const owner = DEMO_MEMBERSHIPS.find(({ businessId, role }) => businessId === business.id && role === 'owner')
  const user = DEMO_USERS.find(({ id }) => id === owner?.userId) as DemoUser
  // Only a person with several businesses has to say which one.
  const hasOthers = DEMO_MEMBERSHIPS.some(({ userId, businessId }) => userId === user.id && businessId !== business.id)
  return {
    user,
    business: business.name,
    question,
    arguments: { ...(hasOthers && { businessId: business.id }), ...args },
  }
}
