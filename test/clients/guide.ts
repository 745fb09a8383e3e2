import { readFile } from 'node:fs/promises'
import { type Merchant, OWNER } from '../support/merchant.ts'
import { here } from './run.ts'

/**
 * A listing of the published guide, unchanged except for what its reader fills in: the host and the Firebase token.
 */
export async function listing(name: string, { origin, service }: Merchant): Promise<string> {
  const text = await readFile(here(`guide/${name}`), 'utf8')
  return text
    .replaceAll('https://api.flowpos.app', origin)
    .replaceAll(/<(fresh-firebase-token|firebase-id-token)>/g, service.issuer.issueToken(OWNER))
}
