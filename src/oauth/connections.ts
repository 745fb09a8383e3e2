import type { AssistantPolicy } from '../auth/assistant-policy.ts'
import type { AuthorizedBusiness } from '../auth/principal.ts'
import type { Scope } from '../auth/scopes.ts'

/** A user with their current memberships, at least one. */
export interface ConnectedUser {
  userId: string
  businesses: AuthorizedBusiness[]
}

/** A connection that a merchant has approved. */
interface NewConnection {
  id: string
  userId: string
  /** When the user proved to Firebase who they are. */
  signedInAt: Date
  scopes: Scope[]
  /** Whether it may see the shop's clients. */
  clientData: boolean
  /** Null for all businesses of the user, future ones too. */
  businessIds: string[] | null
  /** The business, if it is only one today. */
  businessId: string | null
  /** Name of the client. */
  label: string
  /** Host of its publisher, else of where it runs. */
  clientHost: string
}

export interface Connections {
  /**
   * A user with their current memberships; null if none is active.
   * @param id a connection, for those of its businesses alone
   */
  findUser(userId: string, id?: string): Promise<ConnectedUser | null>
  /** What the owners of a user's businesses have decided about assistants; a business that is not there allows all. */
  findPolicies(userId: string): Promise<ReadonlyMap<string, AssistantPolicy>>
  open(connection: NewConnection, ttlSeconds: number): Promise<void>
  /**
   * Extends a connection.
   * @param connection with `client`, the user agent of the client, if it comes for its first token
   * @returns false if it has been ended
   */
  renew(connection: { id: string; userId: string; client?: string }, ttlSeconds: number): Promise<boolean>
  /** Ends a connection, if it still exists: its tokens stop working. */
  end(connection: { id: string; userId: string }): Promise<void>
}
