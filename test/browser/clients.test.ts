/** Real clients open the pages of OAuth in Chromium, where a person signs in and decides what they may do. */
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { totp } from '../../embedded/issuer/second-factors.ts'
import { buildPage } from '../../scripts/build-page.ts'
import { claudeCode } from '../clients/oauth/claude-code.ts'
import { mcpRemote } from '../clients/oauth/mcp-remote.ts'
import { startComputer } from '../clients/oauth/merchants-computer.ts'
import { opencode } from '../clients/oauth/opencode.ts'
import type { ClientProgram, ConnectedClient } from '../clients/oauth/stays-connected.ts'
import { openBrowser, openPage, PHONE, shoot } from '../support/browser.ts'
import { type ClientDocuments, startClientDocuments } from '../support/client-documents.ts'
import { type Merchant, OWNER, startMerchant } from '../support/merchant.ts'
import { forgetSignIns } from '../support/service.ts'
import { makeUser } from '../support/shop.ts'

const TOTP_SECRET = '12345678901234567890'
const CHANGING = ['create_order', 'refund_order', 'update_product', 'adjust_inventory']

type Chromium = Awaited<ReturnType<typeof openBrowser>>
/** What a person does on the pages of a sign-in. */
type Person = (page: Page) => Promise<void>

interface Connected<Client> {
  client: Client
  /** Does something that leads to another sign-in, which a person goes through. */
  during<Result>(person: Person, action: () => Promise<Result>): Promise<Result>
}

let documents: ClientDocuments
let merchant: Merchant
let chromium: { english: Chromium; spanish: Chromium; phone: Chromium }
let used: { close(): Promise<void> }[]

beforeAll(async () => {
  const [english, spanish, phone] = await Promise.all([
    openBrowser(),
    openBrowser('es-GT'),
    openBrowser('en-US', PHONE),
  ])
  chromium = { english, spanish, phone }
  await buildPage()
  documents = await startClientDocuments()
  merchant = await startMerchant(
    [{ uid: 'eva', secondFactors: [{ id: 'app', name: 'Aegis', totpSecret: TOTP_SECRET }] }, { uid: 'off' }],
    { pageSignsIn: true, config: { FIREBASE_AUTH_DOMAIN: 'localhost' }, network: documents.network },
  )
  const { service, first, second } = merchant
  service.issuer.disable('off')
  await makeUser(service.db, 'eva', [
    { shop: first, role: 'owner' },
    { shop: second, role: 'owner' },
  ])
})
afterAll(async () => {
  await Promise.all(Object.values(chromium ?? {}).map((each) => each.close()))
  await merchant?.service.close()
  await documents?.close()
})

beforeEach(async () => {
  used = []
  await forgetSignIns()
})
afterEach(async () => {
  for (const each of used.reverse()) await each.close()
})

const [MCP_REMOTE, CLAUDE_CODE, OPENCODE] = [mcpRemote(), claudeCode(), opencode()]

describe.each([
  [
    'mcp-remote',
    MCP_REMOTE,
    '11.10',
    'calls itself MCP CLI Proxy wants',
    'access_denied - The merchant did not allow it.',
  ],
  [
    'Claude Code',
    CLAUDE_CODE,
    '11.20',
    'calls itself Claude Code wants to work with 2 businesses.\n\nIts description comes from claude.ai.',
    'access_denied - The merchant did not allow it.',
  ],
  ['opencode', OPENCODE, '11.30', 'calls itself OpenCode wants', 'The merchant did not allow it'],
])('%s', (name, program, price, introduction, refusal) => {
  const shot = (page: Page, what: string) => shoot(page, `${name.replace(' ', '-').toLowerCase()}-${what}`)

  it('reads only, if the owner signs in with a password and leaves the consent as it is', async () => {
    const { client } = await connect(program, async (page) => {
      await page.getByLabel('Password').waitFor()
      await shot(page, 'sign-in')
      await signIn(page, OWNER)
      await page.getByLabel('Read only').waitFor()
      expect(await page.locator('main').innerText()).toContain(introduction)
      await shot(page, 'consent')
      await allow(page)
    })
    const tools = await client.tools()
    expect(tools).toEqual(expect.arrayContaining(['list_orders', 'list_clients', 'summarize_day']))
    expect(tools.filter((tool) => CHANGING.includes(tool))).toEqual([])
  })

  it('changes a price, if the owner signs in with Google and lets it', async () => {
    const { client } = await connect(program, async (page) => {
      const popUp = await openPopUp(page, 'Continue with Google')
      await shot(popUp, 'google')
      await popUp.getByRole('button', { name: OWNER }).click()
      await page.getByLabel('Read and change').check()
      await shot(page, 'read-and-change')
      await allow(page)
    })
    expect(await client.tools()).toEqual(expect.arrayContaining(CHANGING))
    await changePrice(client, price)
    expect(await priceOnFile()).toBe(price)
  })

  it('says that the owner refused', async () => {
    const connecting = connect(program, async (page) => {
      await signIn(page, OWNER)
      await page.getByRole('button', { name: 'Do not allow' }).click()
    })
    await expect(connecting).rejects.toThrow(refusal)
  })
})

it('mcp-remote connects after a wrong password, too', async () => {
  const { client } = await connect(MCP_REMOTE, async (page) => {
    await signIn(page, OWNER, 'wrong')
    await page.getByText('Email or password is wrong.').waitFor()
    await shoot(page, 'mcp-remote-wrong-password')
    await signIn(page, OWNER)
    await allow(page)
  })
  expect(await client.tools()).toContain('list_orders')
})

it('mcp-remote gets on a phone what the owner leaves checked, and no other business', async () => {
  const { client } = await connect(
    MCP_REMOTE,
    async (page) => {
      await signIn(page, OWNER)
      for (const label of ['Sales reports and summaries', 'Clients’ data', merchant.second.name]) {
        await page.getByLabel(label).tap()
        expect(await page.getByLabel(label).isChecked()).toBe(false)
      }
      await shoot(page, 'mcp-remote-narrowed')
      await page.getByRole('button', { name: 'Allow', exact: true }).tap()
    },
    chromium.phone,
  )
  const tools = await client.tools()
  expect(tools).toContain('list_orders')
  for (const missing of ['update_product', 'summarize_day', 'list_clients', 'set_active_business']) {
    expect(tools).not.toContain(missing)
  }
  await expectFirstBusinessOnly(client)
})

it('Claude Code says that the connection was cancelled, if the account is switched off', async () => {
  const connecting = connect(CLAUDE_CODE, async (page) => {
    await signIn(page, 'off')
    await page.getByText('This account is switched off.').waitFor()
    await shoot(page, 'claude-code-account-off')
    await page.getByRole('button', { name: 'Cancel the connection' }).click()
  })
  await expect(connecting).rejects.toThrow('access_denied - The merchant did not allow it.')
})

it('Claude Code connects after a second factor, with one of two businesses', async () => {
  const { client } = await connect(CLAUDE_CODE, async (page) => {
    await signIn(page, 'eva')
    await page.getByRole('heading', { name: 'Second step' }).waitFor()
    await shoot(page, 'claude-code-second-factor')
    await page.getByLabel('Code').fill(totp(TOTP_SECRET, Date.now() / 1000))
    await page.getByRole('button', { name: 'Continue', exact: true }).click()
    await page.getByLabel(merchant.second.name).uncheck()
    await shoot(page, 'claude-code-one-business')
    await allow(page)
  })
  await expectFirstBusinessOnly(client)
})

it('opencode connects in Spanish, with Google, a second factor and one of two businesses', async () => {
  const { client } = await connect(
    OPENCODE,
    async (page) => {
      await page.getByLabel('Contraseña').waitFor()
      await shoot(page, 'opencode-es-sign-in')
      const popUp = await openPopUp(page, 'Continuar con Google')
      await popUp.getByRole('button', { name: 'eva' }).click()
      await page.getByRole('heading', { name: 'Segundo paso' }).waitFor()
      await shoot(page, 'opencode-es-second-factor')
      await page.getByLabel('Código').fill(totp(TOTP_SECRET, Date.now() / 1000))
      await page.getByRole('button', { name: 'Continuar', exact: true }).click()
      await page.getByLabel(merchant.second.name).uncheck()
      await shoot(page, 'opencode-es-consent')
      await page.getByRole('button', { name: 'Permitir', exact: true }).click()
    },
    chromium.spanish,
  )
  await expectFirstBusinessOnly(client)
})

describe('a call that needs more than was granted', () => {
  const readOnly: Person = async (page) => {
    await signIn(page, OWNER)
    await allow(page)
  }
  const readAndChange: Person = async (page) => {
    await signIn(page, OWNER)
    await page.getByLabel('Read and change').check()
    await shoot(page, 'more')
    await allow(page)
  }

  it('makes mcp-remote open the consent again, and then succeeds', async () => {
    const { client, during } = await connect(MCP_REMOTE, readOnly)
    await during(readAndChange, () => changePrice(client, '12.10'))
    expect(await priceOnFile()).toBe('12.10')
    expect(await client.tools()).toEqual(expect.arrayContaining(CHANGING))
  })

  it('makes Claude Code name what is missing and say how to sign in again', async () => {
    const { client, during } = await connect(CLAUDE_CODE, readAndChange)
    const [text] = await client.callAfter(
      () => during(readOnly, client.signInAgain),
      ['update_product', { variant: 'COFFEE', price: '12.40', businessId: merchant.first.id }],
    )
    expect(text).toMatch(/needs additional permissions \(scope: ".*pos:write"\) — run \/mcp to re-authenticate/)
    expect(await priceOnFile()).not.toBe('12.40')
  })

  // Both call what they were offered, nothing else, so that the service is not even asked.
  it.each([
    ['Claude Code', CLAUDE_CODE, '12.20', 'No such tool available'],
    ['opencode', OPENCODE, '12.30', 'Model tried to call unavailable tool'],
  ])('is not made by %s, until the owner signs in again and lets it', async (_name, program, price, words) => {
    const { client, during } = await connect(program, readOnly)
    expect(await changePrice(client, price)).toContain(words)
    await during(readAndChange, client.signInAgain)
    await changePrice(client, price)
    expect(await priceOnFile()).toBe(price)
  })
})

async function changePrice(client: ConnectedClient, price: string): Promise<string> {
  const args = { variant: 'COFFEE', price, businessId: merchant.first.id }
  const [text] = await client.call(['update_product', args])
  return text as string
}

async function priceOnFile(): Promise<string> {
  const [variant] = await merchant.service.db.asOwner<{ price: string }>(
    'select price::numeric(20, 2) as price from product_variant where business_id = $1',
    [merchant.first.id],
  )
  return (variant as { price: string }).price
}

/** Checks what a client is answered whose owner unchecked the second business. */
async function expectFirstBusinessOnly(client: ConnectedClient): Promise<void> {
  const { first, second } = merchant
  const [own, other] = await client.call(['list_orders'], ['list_orders', { businessId: second.id }])
  expect(own).toContain('A-1')
  expect(other).toMatch(/^business_not_available: /)
  expect(other).toContain(first.name)
  expect(other).not.toContain(second.name)
}

/** Connects a client on a new computer, while a person goes through the pages that it opens. */
async function connect<Client extends ConnectedClient>(
  program: ClientProgram<Client>,
  person: Person,
  { browser }: Chromium = chromium.english,
): Promise<Connected<Client>> {
  let visit: (url: string) => Promise<void>
  const computer = await startComputer(merchant, async (url) => {
    await visit(url)
    return url
  })
  used.push(computer)

  const during: Connected<Client>['during'] = async (who, action) => {
    let visited: Promise<void> | undefined
    // A client waits long for a person who does not come to the end.
    const failed = new Promise<never>((_resolve, reject) => {
      visit = (url) => {
        visited = goThrough(browser, url, who)
        visited.catch(reject)
        return visited
      }
    })
    try {
      return await Promise.race([action(), failed])
    } finally {
      expect(visited, 'the client opens the pages').toBeDefined()
      await visited
    }
  }
  const client = await during(person, () => program.connect(merchant.connectUrl, computer, documents))
  used.push(client)
  return { client, during }
}

/** Opens a page as a client asks, and lets a person answer it until the browser is back at the client. */
async function goThrough(browser: Chromium['browser'], url: string, person: Person): Promise<void> {
  const { page, complaints } = await openPage(browser)
  // Clients may take longer than the minute by which a sign-in may be ahead of the service's clock.
  merchant.service.now = new Date()
  try {
    await page.goto(url)
    await person(page)
    await page.waitForURL(({ origin }) => origin !== merchant.origin)
    await page.waitForLoadState()
    expect(complaints).toEqual([])
  } finally {
    await page.close()
  }
}

async function signIn(page: Page, uid: string, password = 'password'): Promise<void> {
  await page.getByLabel('Email').fill(`${uid}@example.com`)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

async function openPopUp(page: Page, button: string): Promise<Page> {
  const [popUp] = await Promise.all([page.waitForEvent('popup'), page.getByRole('button', { name: button }).click()])
  await popUp.getByRole('button').first().waitFor()
  return popUp
}

async function allow(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Allow', exact: true }).click()
}
