import type { Static, TObject } from '@sinclair/typebox'
import type { Caller } from '../audit/caller.ts'
import type { AuthorizedBusiness, Principal } from '../auth/principal.ts'
import type { Scope } from '../auth/scopes.ts'
import type { Database, Transaction } from '../database/database.ts'
import type { FileRows } from '../results/file-rows.ts'
import type { Ask } from './confirmation.ts'
import type { BusinessHints, FindTenant } from './resolve-business.ts'

/** What every tool can use of the call that it runs in. */
export interface CallContext {
  principal: Principal
  /** The instant of the call, and the only source of "now" for tools and queries. */
  now: Date
  requestId: string
  /** Who sent the request, for the audit trail. */
  caller?: Caller
  hints: BusinessHints
  database: Database
  findTenant: FindTenant
  /** Where the client reaches the service. */
  origin?: () => string
  /** Offers a file under a link. */
  offerFile?: OfferFile | undefined
  /** Asks the person before a large change; absent if the client cannot show questions. */
  ask?: Ask | undefined
  /** Stores a choice of business for the session, and as the credential's last choice. */
  chooseBusiness(businessId: string): Promise<void>
}

/** What a tool about one business works with: a transaction that sees this business and nothing else. */
export interface BusinessContext {
  business: AuthorizedBusiness
  /** Who calls; a write records its `ref` as the author. */
  principal: Principal
  db: Transaction
  now: Date
  /** Offers a file under a link; for reads only. */
  offerFile?: OfferFile
  /** Whether rows are read for a file: all of them, with every column, since no model reads them. */
  forFile: boolean
  /**
   * Whether a write is only rehearsed, and undone afterwards. Its text then says what would be ("Would refund …"), and
   * ids, numbers and codes of rows that it makes are null, because the real write gives others.
   */
  dryRun: boolean
  /**
   * Runs `work` for each business where the principal may use this tool, in order, each seen alone.
   */
  forEachBusiness<T>(work: (context: BusinessContext) => Promise<T>): Promise<T[]>
}

/** A file that somebody asks for. */
export interface WantedFile {
  /** The tool whose rows it has. */
  what: string
  format: 'csv' | 'excel_csv' | 'xlsx'
  /** For `excel_csv`: whose way of writing decimals. */
  locale?: string | undefined
  /** The tool's own arguments. */
  args: Record<string, unknown>
}

/** A file that waits behind a link. */
export interface OfferedFile {
  url: string
  /** Days, place and filters of its rows, as they were taken; empty: all that there are. */
  holds: string
  fileName: string
  mimeType: string
  expiresAt: Date
}

/** Checks a wish in the transaction of a call, and offers the file under a link. */
export type OfferFile = (wanted: WantedFile, context: BusinessContext) => Promise<OfferedFile>

/** A file that a result offers, beside its text. */
export interface FileLink {
  uri: string
  name: string
  mimeType: string
}

/** A tool's answer: text that is complete by itself, and the same as data. */
export interface ToolResult<Data> {
  text: string
  data: Data
  /** The row that a write created or changed, for the audit trail: `order <id>`. */
  subject?: string
  /** The businesses of the answer, if not only the business of the call. */
  covers?: readonly { id: string; name: string }[]
  links?: readonly FileLink[]
  /** The rows for a file, of a list whose result has them in another form. */
  file?: FileRows
  /** What words of a name were taken to mean, where only the terms say it. */
  taken?: string | undefined
}

/** Hints for clients. All four are required, because a client treats a tool without them as destructive. */
export interface ToolAnnotations {
  readOnlyHint: boolean
  destructiveHint: boolean
  idempotentHint: boolean
  openWorldHint: boolean
}

/** For tools that only read the shop's own data. */
export const readOnly: ToolAnnotations = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
}

/** For writes that only add: an order, a client, a movement of stock. */
export const additive: ToolAnnotations = {
  readOnlyHint: false,
  destructiveHint: false,
  idempotentHint: false,
  openWorldHint: false,
}

/** For writes that change or undo existing data. */
export const changing: ToolAnnotations = { ...additive, destructiveHint: true }

interface ToolBasics<Input extends TObject, Output extends TObject> {
  name: string
  title: string
  /** What the merchant learns; when to use it, and when another tool; limits and defaults. */
  description: string
  /** All of these are required; an empty list admits any credential. */
  scopes: readonly Scope[]
  /** For a tool about the shop's clients, or the calls of it that name one: needs a principal who may see them. */
  aboutClients?: true | ((input: Static<Input>) => boolean)
  annotations: ToolAnnotations
  /** Of a tool that tells what is so now: what to ask instead, told where an unknown argument asks for another day. */
  otherDays?: string
  input: Input
  output: Output
}

export interface BusinessTool<Input extends TObject = TObject, Output extends TObject = TObject>
  extends ToolBasics<Input, Output> {
  kind: 'business'
  /** What its transaction may do. A tool that writes also takes `idempotencyKey` and `dryRun`. */
  mode: 'read' | 'write'
  handler(input: Static<Input>, context: BusinessContext): Promise<ToolResult<Static<Output>>>
}

export interface ContextTool<Input extends TObject = TObject, Output extends TObject = TObject>
  extends ToolBasics<Input, Output> {
  kind: 'context'
  /** A condition besides the scopes. It depends on the credential only, never on earlier calls. */
  visibleTo(principal: Principal): boolean
  handler(input: Static<Input>, context: CallContext): Promise<ToolResult<Static<Output>>>
}

export type Tool = BusinessTool | ContextTool

/** Defines a tool about one business, which is resolved and authorized for it, and named in the result. */
export function defineTool<Input extends TObject, Output extends TObject>(
  tool: Omit<BusinessTool<Input, Output>, 'kind'>,
): Tool {
  return { kind: 'business', ...tool } as unknown as Tool
}

/** Defines a tool about the conversation itself: who calls, which business is active. */
export function defineContextTool<Input extends TObject, Output extends TObject>(
  tool: Omit<ContextTool<Input, Output>, 'kind'>,
): Tool {
  return { kind: 'context', ...tool } as unknown as Tool
}
