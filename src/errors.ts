/** Every code that a route or a tool can answer with, and the HTTP status of each. */
export const ERROR_STATUS = {
  invalid_request: 400,
  invalid_argument: 400,
  business_required: 400,
  unauthenticated: 401,
  forbidden: 403,
  business_not_available: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  payload_too_large: 413,
  unsupported_media_type: 415,
  rate_limited: 429,
  internal_error: 500,
  unavailable: 503,
} as const

export type ErrorCode = keyof typeof ERROR_STATUS

export interface ErrorDetails {
  /** What the caller can do about it, as a sentence. */
  hint?: string
  /** After how many seconds the same call may succeed. Absent: a retry will not help. */
  retryAfterSeconds?: number
  cause?: unknown
}

/** An expected failure. Its message is meant for the caller: no SQL, host names or other systems' words in it. */
export class ServiceError extends Error {
  readonly code: ErrorCode
  readonly statusCode: number
  readonly hint: string | undefined
  readonly retryAfterSeconds: number | undefined

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'ServiceError'
    this.code = code
    this.statusCode = ERROR_STATUS[code]
    this.hint = details.hint
    this.retryAfterSeconds = details.retryAfterSeconds
  }
}

/** A write whose end was lost on the way: it may have been made, or not. */
export class OutcomeUnknown extends ServiceError {
  constructor(cause: unknown) {
    super('unavailable', 'The connection to the database broke at the end of the change: it may have been made.', {
      retryAfterSeconds: 2,
      cause,
    })
    this.name = 'OutcomeUnknown'
  }
}

/** The error for a part that is away (database, session store, identity provider): worth a retry soon. */
export function unavailable(part: string, cause?: unknown): ServiceError {
  return new ServiceError('unavailable', `${part} does not answer at the moment. Try again in a few seconds.`, {
    retryAfterSeconds: 2,
    cause,
  })
}

// Callers are told within a second that a part is away.
const MAX_WAIT_MS = 800

/** The same method, which answers `unavailable` in place of whatever `part` fails with, and when it is silent for 0.8 s. */
export function orUnavailable<Args extends unknown[], T>(part: string, method: (...args: Args) => Promise<T>) {
  return (...args: Args): Promise<T> =>
    new Promise((resolve, reject) => {
      const fail = (error?: unknown) => reject(unavailable(part, error))
      // Where this process was held up itself, what has arrived meanwhile is read first.
      const timer = setTimeout(() => setImmediate(fail), MAX_WAIT_MS)
      method(...args)
        .then(resolve, fail)
        .finally(() => clearTimeout(timer))
    })
}

/** Why a process cannot start, as a sentence for the person who starts it. */
export function describeStartFailure(error: unknown): string {
  const { code, message, port } = error as NodeJS.ErrnoException & { port?: number }
  if (code === 'EADDRINUSE') return `port ${port} is taken: set PORT to a free one`
  if (code === 'EACCES' && port !== undefined) return `port ${port} is not allowed here: set PORT to one above 1023`
  return message
}
