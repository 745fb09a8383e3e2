/** Every code that a route or a tool can answer with, and the HTTP status of each. */
export const ERROR_STATUS = {
  invalid_request: 400,
  invalid_argument: 400,
  business_required: 400,
  unauthenticated: 401,
  forbidden: 403,
  insufficient_scope: 403,
  role_not_allowed: 403,
  business_not_available: 403,
  declined: 403,
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
  /** After how many seconds the same call may succeed. Absent if a retry will not help. */
  retryAfterSeconds?: number
  /** With `insufficient_scope`: the scopes to ask for, those that were granted already among them. */
  scopes?: readonly string[]
  cause?: unknown
}

/** An expected failure. Its message is for the caller: no SQL, no host names, no other system's messages. */
export class ServiceError extends Error {
  readonly code: ErrorCode
  readonly statusCode: number
  readonly hint: string | undefined
  readonly retryAfterSeconds: number | undefined
  readonly scopes: readonly string[] | undefined

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'ServiceError'
    this.code = code
    this.statusCode = ERROR_STATUS[code]
    this.hint = details.hint
    this.retryAfterSeconds = details.retryAfterSeconds
    this.scopes = details.scopes
  }
}

/** The connection broke during a commit: the write may or may not have been made. */
export class OutcomeUnknown extends ServiceError {
  constructor(cause: unknown) {
    super('unavailable', 'The connection to the database broke at the end of the change: it may have been made.', {
      retryAfterSeconds: 2,
      cause,
    })
    this.name = 'OutcomeUnknown'
  }
}

/** The error for a part that is down (database, session store, identity provider): a retry may soon succeed. */
export function unavailable(part: string, cause?: unknown): ServiceError {
  return new ServiceError('unavailable', `${part} does not answer at the moment. Try again in a few seconds.`, {
    retryAfterSeconds: 2,
    cause,
  })
}
