import { STATUS_CODES } from 'node:http'
import { type Static, Type } from '@sinclair/typebox'
import type { FastifyError } from 'fastify'
import fp from 'fastify-plugin'
import { ERROR_STATUS, type ErrorCode, ServiceError } from '../../src/errors.ts'
import { describeProblems } from '../../src/validation.ts'

/** The one shape of every error body. */
const ErrorSchema = Type.Object(
  {
    statusCode: Type.Integer(),
    code: Type.String({ description: 'One of a closed list, for programs' }),
    error: Type.String({ description: 'The name of the status' }),
    message: Type.String({ description: 'A sentence for a person' }),
  },
  { title: 'Error' },
)

/** The error answers of a route, for its schema. */
export const ERROR_RESPONSES = { '4xx': ErrorSchema, '5xx': ErrorSchema }

/** Gives all errors one shape, and lets nothing internal out. */
export default fp(
  async (app) => {
    app.setErrorHandler((error: FastifyError | ServiceError, request, reply) => {
      const expected = toServiceError(error)
      if (expected === undefined) request.log.error({ err: error }, 'unexpected failure')
      else if (expected.statusCode >= 500) request.log.warn({ err: error }, expected.message)
      else request.log.info({ code: expected.code }, expected.message)

      const failure = expected ?? new ServiceError('internal_error', `Internal error. Request id: ${request.id}`)
      if (failure.code === 'unauthenticated') reply.header('www-authenticate', challenge('invalid_token', failure))
      if (failure.code === 'insufficient_scope') {
        reply.header('www-authenticate', challenge('insufficient_scope', failure))
      }
      if (failure.retryAfterSeconds !== undefined) reply.header('retry-after', failure.retryAfterSeconds)
      return reply.code(failure.statusCode).send(errorBody(failure))
    })

    app.setNotFoundHandler((request, reply) => {
      const [path = ''] = request.url.split('?')
      const failure = new ServiceError('not_found', `There is no ${request.method} ${path.slice(0, 200)}.`)
      return reply.code(404).send(errorBody(failure))
    })
  },
  { name: 'errors', dependencies: [] },
)

/** The body for a failure. */
function errorBody(failure: ServiceError): Static<typeof ErrorSchema> {
  const { statusCode, code, message, hint } = failure
  const sentence = hint === undefined ? message : `${message} ${hint}`
  return { statusCode, code, error: STATUS_CODES[statusCode] ?? 'Error', message: sentence }
}

/** RFC 6750 section 3: the description is a quoted string of ASCII without quotes. */
function challenge(error: 'invalid_token' | 'insufficient_scope', { message, scopes }: ServiceError): string {
  const scope = scopes === undefined ? '' : `, scope="${scopes.join(' ')}"`
  const description = message.replaceAll('→', '>').replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, '')
  return `Bearer error="${error}"${scope}, error_description="${description}"`
}

/** The framework's errors in our terms; undefined for an unexpected one. */
function toServiceError(error: FastifyError | ServiceError): ServiceError | undefined {
  if (error instanceof ServiceError) return error
  if (error.validation) return new ServiceError('invalid_argument', describeProblems(error.validation))
  switch (error.code) {
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new ServiceError('unsupported_media_type', 'Send the body as application/json.')
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new ServiceError('payload_too_large', 'The request body is too large.')
  }
  if (error.statusCode === undefined || error.statusCode < 400 || error.statusCode >= 500) return undefined
  const code = (Object.keys(ERROR_STATUS) as ErrorCode[]).find((each) => ERROR_STATUS[each] === error.statusCode)
  return new ServiceError(code ?? 'invalid_request', 'The request is malformed.')
}
