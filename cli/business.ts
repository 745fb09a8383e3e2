import { randomUUID } from 'node:crypto'
import { addAuditRows } from '../src/audit/audit-row.ts'
import type { Database, Transaction } from '../src/database/database.ts'
import { ServiceError } from '../src/errors.ts'
import { currencyDigits } from '../src/money/currency.ts'
import { Decimal } from '../src/money/money.ts'
import { clean } from '../src/results/text.ts'
import { isTimezone } from '../src/time/local.ts'
import { action, required, runCommand, UsageError, uuid } from './command.ts'

const USAGE = `npm run business -- create --name NAME --currency GBP --timezone Europe/London --owner EMAIL_OR_FIREBASE_UID
                       [--prices-include-tax] [--tax-rate 0.12] [--location NAME]
                       [--currency-digits 0] [--json]
npm run business -- location --business ID --location NAME [--name NAME] [--timezone ZONE] [--json]
npm run business -- list [--json]

create    makes a business with its first location ("Main" unless named) and its owner. An owner given by e-mail address
          is linked when this address first signs in. Amounts have as many decimals as ISO 4217 gives the currency, or
          fewer, where the shop sells in whole units.
location  changes a location's name or time zone. Sales keep their instants, and the daily sums follow.
list      shows the businesses there are.`

interface NewBusiness {
  name: string
  currency: string
  currencyDigits: number
  timezone: string
  owner: string
  pricesIncludeTax: boolean
  taxRate: string
  location: string
}

await runCommand({
  usage: USAGE,
  options: {
    business: { type: 'string' },
    name: { type: 'string' },
    currency: { type: 'string' },
    'currency-digits': { type: 'string' },
    timezone: { type: 'string' },
    owner: { type: 'string' },
    'prices-include-tax': { type: 'boolean' },
    'tax-rate': { type: 'string' },
    location: { type: 'string' },
  },
  async run({ values, words, database }) {
    const [name] = action(words, { create: 0, location: 0, list: 0 })
    if (name === 'list') return list(await database())
    if (name === 'location') {
      const id = uuid(required(values.business, 'business'), '--business')
      const location = required(values.location, 'location')
      const change = {
        ...(values.name === undefined ? {} : { name: required(values.name, 'name') }),
        ...(values.timezone === undefined ? {} : { timezone: checkTimeZone(values.timezone) }),
      }
      if (Object.keys(change).length === 0) throw new UsageError('Say what to change: --name or --timezone.')
      return changeLocation(await database(), id, location, change)
    }

    const business = {
      name: required(values.name, 'name'),
      ...checkCurrency(required(values.currency, 'currency'), values['currency-digits']),
      timezone: checkTimeZone(required(values.timezone, 'timezone')),
      owner: required(values.owner, 'owner'),
      pricesIncludeTax: values['prices-include-tax'] ?? false,
      taxRate: checkTaxRate(values['tax-rate'] ?? '0'),
      location: values.location?.trim() || 'Main',
    }
    const created = await create(await database(), business)
    return {
      json: { ...created, ...business },
      text: `${business.name}: ${created.id}\nowner ${business.owner}, location ${business.location}`,
    }
  },
})

async function create(database: Database, business: NewBusiness): Promise<{ id: string; ownerId: string }> {
  const id = randomUUID()
  const identity = business.owner.includes('@') ? { email: business.owner } : { firebaseUid: business.owner }
  return database.within({ businessId: id, ...identity }, 'write', async (db) => {
    await db
      .insertInto('business')
      .values({
        id,
        name: business.name,
        currency: business.currency,
        currency_digits: business.currencyDigits,
        timezone: business.timezone,
        prices_include_tax: business.pricesIncludeTax,
        tax_rate: business.taxRate,
      })
      .execute()
    await db
      .insertInto('location')
      .values({ business_id: id, name: business.location, timezone: business.timezone })
      .execute()
    const ownerId = await findOrMakeUser(db, identity)
    await db.insertInto('business_user').values({ business_id: id, user_id: ownerId, role: 'owner' }).execute()
    const made = { kind: 'membership', action: 'made', principal: 'command' } as const
    await addAuditRows(db, { ...made, businessId: id, subject: `user ${ownerId}` })
    return { id, ownerId }
  })
}

async function changeLocation(
  database: Database,
  businessId: string,
  name: string,
  change: { name?: string; timezone?: string },
) {
  return database.within({ businessId }, 'write', async (db) => {
    const locations = await db
      .selectFrom('location')
      .select(['id', 'name'])
      .where('business_id', '=', businessId)
      .orderBy('name')
      .execute()
    const found = locations.find((each) => each.name.toLowerCase() === name.toLowerCase() || each.id === name)
    if (!found) {
      const choices = locations.map((each) => clean(each.name)).join(', ')
      throw new ServiceError(
        'not_found',
        choices ? `There is no location ${name}. Locations: ${choices}.` : `There is no business ${businessId}.`,
      )
    }
    if (locations.some((each) => each.id !== found.id && each.name.toLowerCase() === change.name?.toLowerCase())) {
      throw new ServiceError('conflict', `There is a location ${change.name} already.`)
    }
    const changed = await db
      .updateTable('location')
      .set(change)
      .where('business_id', '=', businessId)
      .where('id', '=', found.id)
      .returning(['id', 'name', 'timezone'])
      .executeTakeFirstOrThrow()
    return { json: changed, text: `${clean(changed.name)} (${changed.id}): ${changed.timezone}` }
  })
}

/** The transaction sees the one user that its access names. */
async function findOrMakeUser(db: Transaction, identity: { email?: string; firebaseUid?: string }): Promise<string> {
  await db
    .insertInto('app_user')
    .values({ email: identity.email ?? null, firebase_uid: identity.firebaseUid ?? null })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  // The condition is needed for a login that bypasses row-level security and sees all users.
  const user = await db
    .selectFrom('app_user')
    .select(['id', 'is_active'])
    .where((eb) =>
      identity.email === undefined
        ? eb('firebase_uid', '=', identity.firebaseUid ?? '')
        : eb(eb.fn<string>('lower', ['email']), '=', identity.email.toLowerCase()),
    )
    .executeTakeFirstOrThrow()
  if (!user.is_active) throw new ServiceError('conflict', 'This owner is switched off and could not sign in.')
  return user.id
}

async function list(database: Database) {
  const businesses = await database.within({ operator: true }, 'read', (db) =>
    db
      .selectFrom('business')
      .select(['id', 'name', 'currency', 'timezone', 'prices_include_tax', 'tax_rate', 'is_active'])
      .orderBy('name')
      .orderBy('id')
      .execute(),
  )
  return {
    json: {
      businesses: businesses.map((row) => ({
        id: row.id,
        name: row.name,
        currency: row.currency,
        timezone: row.timezone,
        pricesIncludeTax: row.prices_include_tax,
        taxRate: row.tax_rate,
        isActive: row.is_active,
      })),
    },
    text:
      businesses
        .map(
          (row) =>
            `${row.id}  ${row.currency}  ${row.timezone}  ${clean(row.name)}${row.is_active ? '' : '  (switched off)'}`,
        )
        .join('\n') || 'There is no business yet.',
  }
}

function checkCurrency(code: string, asked: string | undefined) {
  const currency = code.toUpperCase()
  const most = currencyDigits(currency)
  if (most === undefined) {
    throw new UsageError(`--currency: "${code}" is no ISO 4217 code, such as GTQ, USD or EUR.`)
  }
  const digits = asked ?? String(most)
  if (!/^\d$/.test(digits) || Number(digits) > most) {
    throw new UsageError(`--currency-digits: "${digits}" is no number from 0 to ${most}, the digits of ${currency}.`)
  }
  return { currency, currencyDigits: Number(digits) }
}

function checkTimeZone(zone: string): string {
  if (isTimezone(zone)) return zone
  throw new UsageError(`--timezone: "${zone}" is no IANA time zone, such as America/Guatemala.`)
}

function checkTaxRate(text: string): string {
  if (/^\d*\.?\d{1,6}$/.test(text) && new Decimal(text).lt(1)) return new Decimal(text).toFixed()
  throw new UsageError(`--tax-rate: "${text}" is no rate from 0 to less than 1, with at most 6 decimals, such as 0.12.`)
}
