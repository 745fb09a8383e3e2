import { createHash } from 'node:crypto'
import { Type } from '@sinclair/typebox'
import { addAuditRows } from '../audit/audit-row.ts'
import type { AuthorizedBusiness } from '../auth/principal.ts'
import type { Transaction } from '../database/database.ts'
import { OutcomeUnknown, ServiceError } from '../errors.ts'
import { forPerson } from '../results/untrusted.ts'
import { isAskedAbout, mayAsk } from './confirmation.ts'
import type { BusinessContext, BusinessTool, CallContext, ToolResult } from './tool.ts'

/** What every tool that writes takes besides its own arguments. */
export const WRITE_INPUT = {
  idempotencyKey: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 100,
      description: 'New for each operation; reuse it when retrying the same operation',
    }),
  ),
  dryRun: Type.Boolean({ default: false, description: 'true: tell, but write nothing' }),
}

/** What every tool that writes returns besides its own result. */
export const WRITE_OUTPUT = {
  dryRun: Type.Boolean(),
  replayed: Type.Boolean({ description: 'Done by an earlier call with this idempotencyKey' }),
}

const KEPT_HOURS = 24

type Result = ToolResult<Record<string, unknown>>

/** The result of a write, and whether its audit row was written with it. */
export interface Written {
  result: Result
  isAudited: boolean
}

/**
 * Runs a tool that writes, and asks the person before, if what it would do is much and the client can show questions.
 * @throws ServiceError `declined` if the person says no; whatever `context.ask` throws
 */
export async function write(
  tool: BusinessTool,
  business: AuthorizedBusiness,
  input: Record<string, unknown>,
  context: CallContext,
): Promise<Written> {
  const { ask } = context
  if (ask === undefined || input.dryRun === true || !mayAsk(tool.name)) return writeNow(tool, business, input, context)
  try {
    return await writeNow(tool, business, input, context, (data) => {
      // Rolls back: nobody waits for a person with a transaction open.
      if (isAskedAbout(tool.name, data)) throw new Unconfirmed()
    })
  } catch (error) {
    if (!(error instanceof Unconfirmed)) throw error
  }
  const { text } = await rehearse(tool, business, input, context)
  const { idempotencyKey } = input
  const call = hashOf({ principal: context.principal.ref, business: business.id, tool: tool.name, input })
  const answer = await ask({ call: call.toString('base64url'), text: `${business.name}: ${forPerson(text)}` })
  if (!answer.isYes) {
    throw new ServiceError('declined', 'The person was asked and said no. Nothing was written.', {
      hint: 'Do not repeat the call unless they ask for it.',
    })
  }
  return writeNow(tool, business, { ...input, idempotencyKey: idempotencyKey ?? answer.key }, context)
}

class Unconfirmed extends Error {}

/** Everything that a tool would do, undone. */
function rehearse(
  tool: BusinessTool,
  business: AuthorizedBusiness,
  { idempotencyKey: _key, dryRun: _dryRun, ...input }: Record<string, unknown>,
  { principal, database, now }: CallContext,
): Promise<Result> {
  const work = (db: Transaction) => tool.handler(input, writeContext({ business, principal, db, now, dryRun: true }))
  return database.within({ businessId: business.id }, 'rehearsal', work, { principal: principal.ref })
}

function writeContext(parts: Omit<BusinessContext, 'forEachBusiness' | 'forFile'>): BusinessContext {
  return { ...parts, forFile: false, forEachBusiness: () => Promise.reject(new Error('a write is about one business')) }
}

/**
 * Runs a tool that writes in one transaction, together with its audit row and the result stored under its idempotency
 * key. After a lost answer, either a retry finds that result or nothing was written.
 * @param check looks at the result before it is committed; what it throws undoes everything
 * @throws ServiceError `conflict` for a key that was used with other arguments
 */
async function writeNow(
  tool: BusinessTool,
  business: AuthorizedBusiness,
  { idempotencyKey, dryRun, ...input }: Record<string, unknown>,
  context: CallContext,
  check?: (data: Record<string, unknown>) => void,
): Promise<Written> {
  const { principal, database, now } = context
  if (dryRun === true) {
    const { text, data } = await rehearse(tool, business, input, context)
    return {
      result: {
        text: `Dry run, nothing was written. ${text}`,
        data: flagged({ dryRun: true, replayed: false }, data),
      },
      isAudited: false,
    }
  }
  const work = async (db: Transaction): Promise<Written> => {
    const started = performance.now()
    const record =
      idempotencyKey === undefined ? null : recordOf(tool, business, String(idempotencyKey), input, context)
    const earlier = record === null ? null : await claim(db, record, now)
    if (earlier !== null) {
      return {
        result: {
          text: `Already done by an earlier call with this idempotencyKey; its result: ${earlier.text}`,
          data: { ...earlier.data, replayed: true },
        },
        isAudited: false,
      }
    }
    const own = writeContext({ business, principal, db, now, dryRun: false })
    const { text, data: told, subject } = await tool.handler(input, own)
    check?.(told)
    const data = flagged({ dryRun: false, replayed: false }, told)
    if (record !== null) await keep(db, record, { text, data })
    await addAuditRows(db, {
      at: now,
      kind: 'tool',
      action: tool.name,
      principal: principal.ref,
      credentialId: principal.credentialId,
      businessId: business.id,
      durationMs: Math.round(performance.now() - started),
      caller: context.caller,
      requestId: context.requestId,
      subject: subject ?? null,
    })
    return { result: { text, data }, isAudited: true }
  }
  try {
    return await database.within({ businessId: business.id }, 'write', work, { principal: principal.ref })
  } catch (error) {
    if (!(error instanceof OutcomeUnknown) || idempotencyKey !== undefined) throw error
    throw new ServiceError('unavailable', error.message, {
      hint: 'Look whether it was before you repeat it: without an idempotencyKey it would be made twice.',
      cause: error,
    })
  }
}

/** The flags come first, and win over fields of the tool with the same names. */
function flagged(flags: { dryRun: boolean; replayed: boolean }, own: Record<string, unknown>) {
  return { ...flags, ...own, ...flags }
}

interface Operation {
  business_id: string
  principal: string
  key: string
  tool: string
  arguments_hash: Buffer
}

function recordOf(
  tool: BusinessTool,
  business: AuthorizedBusiness,
  key: string,
  input: Record<string, unknown>,
  { principal }: CallContext,
): Operation {
  return { business_id: business.id, principal: principal.ref, key, tool: tool.name, arguments_hash: hashOf(input) }
}

/**
 * Claims a key for this transaction, or finds what it was used for. A simultaneous call with the same key waits here
 * until the first one has committed or rolled back.
 */
async function claim(db: Transaction, record: Operation, now: Date): Promise<Result | null> {
  const kept = new Date(now.getTime() - KEPT_HOURS * 3_600_000)
  const taken = await db
    .insertInto('idempotency')
    .values({ ...record, result: 'null', created_at: now })
    .onConflict((conflict) =>
      conflict
        .columns(['business_id', 'principal', 'key'])
        .doUpdateSet(({ ref }) => ({
          tool: ref('excluded.tool'),
          arguments_hash: ref('excluded.arguments_hash'),
          created_at: ref('excluded.created_at'),
        }))
        .where('idempotency.created_at', '<', kept),
    )
    .returning('key')
    .executeTakeFirst()
  if (taken !== undefined) {
    await db
      .deleteFrom('idempotency')
      .where('business_id', '=', record.business_id)
      .where('created_at', '<', kept)
      .execute()
    return null
  }

  const earlier = await db
    .selectFrom('idempotency')
    .select(['tool', 'arguments_hash', 'result'])
    .where('business_id', '=', record.business_id)
    .where('principal', '=', record.principal)
    .where('key', '=', record.key)
    .executeTakeFirstOrThrow()
  if (earlier.tool !== record.tool || !earlier.arguments_hash.equals(record.arguments_hash)) {
    throw new ServiceError('conflict', 'idempotencyKey was used for another operation already.', {
      hint: 'Use a new key for a new operation, and the same arguments when you retry one.',
    })
  }
  return earlier.result as unknown as Result
}

async function keep(db: Transaction, record: Operation, result: Result): Promise<void> {
  await db
    .updateTable('idempotency')
    .set({ result: JSON.stringify(result) })
    .where('business_id', '=', record.business_id)
    .where('principal', '=', record.principal)
    .where('key', '=', record.key)
    .execute()
}

function hashOf(value: unknown): Buffer {
  return createHash('sha256').update(canonical(value)).digest()
}

/** JSON with sorted names, so that the order of arguments does not matter. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_name, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  )
}
