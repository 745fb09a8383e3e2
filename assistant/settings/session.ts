import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { PageAccount, PageSettings } from '../../src/auth/assistant-page.ts'
import type { Api } from './api.ts'

/** What every view of somebody who is signed in has. */
export interface Session {
  api: Api
  account: PageAccount
  settings: PageSettings
  /** The business that the person looks at, one of the account's. */
  business: PageAccount['businesses'][number]
}

const context = createContext<Session | undefined>(undefined)
export const SessionProvider = context.Provider

/** The session of a view. @throws Error outside of one */
export function useSession(): Session {
  const session = useContext(context)
  if (session === undefined) throw new Error('This view needs a session.')
  return session
}
