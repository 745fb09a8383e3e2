import type { AuthorizedBusiness, Principal } from '../auth/principal.ts'
import type { Exportable } from './columns.ts'

export const FORMATS = ['csv', 'excel_csv', 'xlsx'] as const

/** A file that somebody asks for. */
export interface WantedFile {
  /** The tool whose rows it has. */
  what: Exportable
  format: (typeof FORMATS)[number]
  /** For `excel_csv`: whose way of writing decimals. */
  locale?: string | undefined
  /** The tool's own arguments. */
  args: Record<string, unknown>
}

/** A file that waits behind a link. */
export interface OfferedFile {
  url: string
  fileName: string
  mimeType: string
  expiresAt: Date
}

/** What the store keeps of a link: for whom, and what to do when it is opened. */
export interface LinkRecord extends WantedFile {
  fileName: string
  businessId: string
  /** Who asked, to be looked up again. */
  principal: Pick<
    Principal,
    'kind' | 'ref' | 'userId' | 'credentialId' | 'grantedScopes' | 'clientData' | 'defaultBusinessId'
  >
  /** Milliseconds since 1970. */
  expiresAt: number
}

export const MIME_TYPES = {
  csv: 'text/csv; charset=utf-8',
  excel_csv: 'text/csv; charset=utf-8',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
} as const

/** `orders-2026-11-28.csv`. */
export function fileNameOf({ what, format }: WantedFile, day: string): string {
  const name = what.replace(/^(get|list)_/, '').replaceAll('_', '-')
  return `${name}-${day}.${format === 'xlsx' ? 'xlsx' : 'csv'}`
}

/** What of a principal finds it again. */
export function recordOfPrincipal(principal: Principal): LinkRecord['principal'] {
  const { kind, ref, userId, credentialId, grantedScopes, clientData, defaultBusinessId } = principal
  return { kind, ref, userId, credentialId, grantedScopes, clientData, defaultBusinessId }
}

/** The business of a link, if it is still the principal's. */
export function businessOf(principal: Principal, { businessId }: LinkRecord): AuthorizedBusiness | undefined {
  return principal.businesses.find(({ id }) => id === businessId)
}
