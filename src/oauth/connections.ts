import type { AuthorizedBusiness } from '../auth/principal.ts'
import type { Scope } from '../auth/scopes.ts'

/** A user with the memberships of now, at least one. */
export interface ConnectedUser {
  userId: string
  businesses: AuthorizedBusiness[]
}

/** What a merchant let in by signing in through a client. */
interface NewConnection {
  id: string
  userId: string
  scopes: Scope[]
  /** Name of the client. */
  label: string
  /** User agent that asked. */
  client: string | undefined
}

export interface Connections {
  /** A user with the memberships of now; null without an active one. */
  findUser(userId: string): Promise<ConnectedUser | null>
  open(connection: NewConnection, ttlSeconds: number): Promise<void>
  /** Lets a connection live on. @returns false when it was ended */
  renew(connection: { id: string; userId: string }, ttlSeconds: number): Promise<boolean>
  /** Ends a connection, if it is still there: its tokens stop working. */
  end(connection: { id: string; userId: string }): Promise<void>
}
