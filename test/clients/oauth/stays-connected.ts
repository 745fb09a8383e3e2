import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ClientDocuments, type DocumentedClient, startClientDocuments } from '../../support/client-documents.ts'
import { endInstance, type Merchant, redeploy, startMerchant } from '../../support/merchant.ts'
import { type Computer, startComputer } from './merchants-computer.ts'

export type ToolCall = [name: string, args?: Record<string, unknown>]

/** A client that has signed in. */
export interface ConnectedClient {
  /** Names of the tools, as the client lists them. */
  tools(): Promise<string[]>
  /** Calls tools at once. @returns the text that a model reads of each */
  call(...calls: ToolCall[]): Promise<string[]>
  close(): Promise<void>
}

/** One that does not ask for more when it must, so that people sign in again. */
export interface SteppedUpByHand extends ConnectedClient {
  signInAgain(): Promise<unknown>
}

export interface ClientProgram<Client extends ConnectedClient = ConnectedClient> {
  /** Adds an address, nothing else, and signs in when the service asks. */
  connect(address: string, computer: Computer, documents: ClientDocuments): Promise<Client>
}

const HOUR_MS = 3_600_000
const AT_ONCE = 5

interface Circumstances {
  /** How often the access token expires while it is used; 2 by default. */
  expiries?: number
  /** The document that it names; by default it registers. */
  document?: DocumentedClient
  /** Whether it is also tried with the address of one business. */
  isPinned?: boolean
  /** Of the service. */
  config?: NonNullable<Parameters<typeof startMerchant>[1]>['config']
}

/** What every client must manage. */
export function staysConnected(
  name: string,
  client: ClientProgram,
  { expiries = 2, document, isPinned = false, config = {} }: Circumstances = {},
): void {
  describe(name, () => {
    let documents: ClientDocuments
    let merchant: Merchant
    let computer: Computer
    let connected: ConnectedClient

    beforeAll(async () => {
      documents = await startClientDocuments()
      merchant = await startMerchant([], { network: documents.network, config })
      computer = await startComputer(merchant)
      connected = await client.connect(merchant.connectUrl, computer, documents)
    })
    afterAll(async () => {
      await connected?.close()
      await computer?.close()
      if (merchant) await endInstance(merchant.service.app)
      await merchant?.service.close()
      await documents?.close()
    })

    it(document ? 'names its document' : 'registers', () => {
      const clientId = computer.signIns[0]?.searchParams.get('client_id')
      if (document) expect(clientId).toBe(documents.documents[document].client_id)
      else expect(clientId).not.toMatch(/^https?:/)
    })

    it('lists the tools, and switches between the businesses', async () => {
      expect(await connected.tools()).toEqual(
        expect.arrayContaining(['get_context', 'set_active_business', 'summarize_day']),
      )
      for (const [shop, day] of [
        [merchant.second, netSales('USD', '0.00')],
        [merchant.first, netSales('GTQ', '20.00')],
      ] as const) {
        await connected.call(['set_active_business', { businessId: shop.id }])
        expect(await connected.call(['summarize_day'])).toEqual([expect.stringMatching(day)])
      }
      expect(computer.signIns).toHaveLength(1)
    })

    if (isPinned) {
      it('keeps to the business in its address', async () => {
        const other = await startComputer(merchant)
        const { first, second, connectUrl } = merchant
        const pinned = await client.connect(`${connectUrl}?businessId=${second.id}`, other, documents)
        try {
          expect(await pinned.call(['summarize_day'])).toEqual([expect.stringMatching(netSales('USD', '0.00'))])
          const [refused] = await pinned.call(['summarize_day', { businessId: first.id }])
          expect(refused).not.toContain('GTQ')
        } finally {
          await pinned.close()
          await other.close()
        }
      })
    }

    it('serves several calls at once after each expiry of the token', async () => {
      const begin = merchant.service.now.getTime()
      for (let expired = 1; expired <= expiries; expired += 1) {
        const ahead = expired * (HOUR_MS + 1000)
        merchant.service.now = new Date(begin + ahead)
        await computer.setClockAhead(ahead)
        const calls = Array.from({ length: AT_ONCE }, (): ToolCall => ['get_context'])
        const answers = await connected.call(...calls)
        expect(answers).toEqual(calls.map(() => expect.stringContaining(merchant.second.name)))
      }
      expect(computer.signIns).toHaveLength(1)
    })

    it('goes on at a new instance', async () => {
      await redeploy(merchant)
      expect(await connected.call(['get_context'])).toEqual([expect.stringContaining(merchant.second.name)])
      expect(computer.signIns).toHaveLength(1)
    })
  })
}

/** A day's figure as a model reads it: in the text, or in the structured data, which some clients show instead. */
function netSales(currency: string, amount: string): RegExp {
  return new RegExp(`^(Net sales ${currency} ${amount} |\\{.*"currency":"${currency}".*"netSales":"${amount}")`)
}
