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
  scopes: Scope[]
  /** Name of the client. */
  label: string
  /** User agent of the request. */
  client: string | undefined
}

export interface Connections {
  /** A user with their current memberships; null if none is active. */
  findUser(userId: string): Promise<ConnectedUser | null>
  open(connection: NewConnection, ttlSeconds: number): Promise<void>
  /** Extends a connection. @returns false if it has been ended */
  renew(connection: { id: string; userId: string }, ttlSeconds: number): Promise<boolean>
  /** Ends a connection, if it still exists: its tokens stop working. */
  end(connection: { id: string; userId: string }): Promise<void>
}
