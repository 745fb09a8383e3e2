import { type ParseArgsConfig, parseArgs } from 'node:util'
import { Temporal } from 'temporal-polyfill'
import type { Database } from '../src/database/database.ts'
import { ServiceError } from '../src/errors.ts'
import { isUuid } from '../src/uuid.ts'
import { type CommandDatabase, openCommandDatabase } from './database.ts'

type Options = NonNullable<ParseArgsConfig['options']>
type Parsed<T extends Options> = ReturnType<typeof parseArgs<{ options: T; allowPositionals: true; strict: true }>>

/** Every command takes these. */
const COMMON = { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const satisfies Options

interface Invocation<T extends Options> {
  values: Parsed<T>['values']
  /** The words that are not options, beginning with the action. */
  words: string[]
  /** The database as the commands' role; closed when the command ends. */
  database(): Promise<Database>
  env: NodeJS.ProcessEnv
}

interface Result {
  /** What `--json` prints, as one line. */
  json: unknown
  /** The same for a person. */
  text: string
  /** The reason, if the command ran but its result is a failure. */
  failure?: string | undefined
}

export interface Command<T extends Options> {
  usage: string
  options: T
  run(invocation: Invocation<T>): Promise<Result>
}

/** A wrong command line, answered with the usage. */
export class UsageError extends Error {}

/**
 * Runs a command line tool: reads the options, prints the result, closes what was opened.
 *
 * Exit code 0; 1 for a failure, with one sentence on stderr; 2 for a wrong command line, with the usage.
 */
export async function runCommand<const T extends Options>(command: Command<T>): Promise<void> {
  let opened: CommandDatabase | undefined
  try {
    const { values, words, json, help } = parse(command.options)
    if (help) {
      console.log(command.usage)
      return
    }
    loadEnvFile()
    const database = async () => {
      opened ??= await openCommandDatabase(process.env)
      return opened.database
    }
    const result = await command.run({ values, words, database, env: process.env })
    console.log(json ? JSON.stringify(result.json) : result.text)
    if (result.failure !== undefined) fail(result.failure)
  } catch (error) {
    if (error instanceof UsageError) fail(`${error.message}\n\n${command.usage}`, 2)
    else fail(reasonOf(error))
  } finally {
    await opened?.close()
  }
}

/**
 * A required option.
 * @throws UsageError naming it
 */
export function required(value: string | undefined, option: string): string {
  if (!value?.trim()) throw new UsageError(`--${option} is missing.`)
  return value.trim()
}

/**
 * An id in the notation of the database.
 * @throws UsageError naming the argument
 */
export function uuid(value: string, argument: string): string {
  if (isUuid(value)) return value.toLowerCase()
  throw new UsageError(`${argument}: "${value}" is not an id (a UUID).`)
}

/**
 * An instant: a date is its start in UTC.
 * @throws UsageError naming the argument
 */
export function instant(value: string, argument: string): Date {
  try {
    const text = /^\d{4}-\d\d-\d\d$/.test(value) ? `${value}T00:00Z` : value
    return new Date(Temporal.Instant.from(text).epochMilliseconds)
  } catch {
    throw new UsageError(`${argument}: "${value}" is no ISO date such as 2030-01-31.`)
  }
}

/**
 * The action of a command and the words after it.
 * @throws UsageError naming the valid actions, or the superfluous words
 */
export function action<const A extends string>(
  words: string[],
  actions: Record<A, number>,
  fallback?: NoInfer<A>,
): [A, ...string[]] {
  const [name = fallback, ...rest] = words
  const known = Object.keys(actions) as A[]
  const found = known.find((each) => each === name)
  if (found === undefined) {
    throw new UsageError(
      `${name === undefined ? 'Name an action' : `There is no action ${name}`}: ${known.join(', ')}.`,
    )
  }
  const [extra] = rest.slice(actions[found])
  if (extra !== undefined) throw new UsageError(`"${extra}" is not expected after ${found}.`)
  return [found, ...rest]
}

function parse<const T extends Options>(options: T) {
  try {
    const { values, positionals } = parseArgs({
      options: { ...options, ...COMMON },
      allowPositionals: true,
      strict: true,
    })
    const { json, help } = values as { json?: boolean; help?: boolean }
    return { values: values as Parsed<T>['values'], words: positionals, json, help }
  } catch (error) {
    throw new UsageError(firstSentence((error as Error).message))
  }
}

function loadEnvFile(): void {
  try {
    process.loadEnvFile()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

/** The message of an expected failure, or the first line of any other error, without its stack. */
function reasonOf(error: unknown): string {
  if (error instanceof ServiceError) return [error.message, error.hint].filter(Boolean).join(' ')
  if (!(error instanceof Error)) return String(error)
  const { code } = error as NodeJS.ErrnoException
  return firstSentence(error.message || code || error.name)
}

function firstSentence(message: string): string {
  const [first = message] = message.split(/\n|\. /)
  return first.endsWith('.') ? first : `${first}.`
}

function fail(reason: string, exitCode = 1): void {
  console.error(reason)
  process.exitCode = exitCode
}
