import { Type } from '@sinclair/typebox'
import { StringEnum } from '../results/schema.ts'
import { SCOPES } from './scopes.ts'

/** The scopes of a credential, as HTTP routes take and answer them. */
export const Scopes = Type.Array(StringEnum(SCOPES), { minItems: 1, maxItems: SCOPES.length, uniqueItems: true })

/** An instant in an answer: a Date, which is written as RFC 3339. */
export const Time = Type.Unsafe<Date>({ type: 'string', format: 'date-time' })
export const NullableTime = Type.Union([Time, Type.Null()])
