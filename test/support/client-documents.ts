import { generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto'
import type { LookupAddress } from 'node:dns'
import { readFile } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Network } from '../../src/oauth/public-fetch.ts'
import { makeCertificate } from './certificate.ts'

// What the makers of clients publish at these addresses, as reports and fixtures of other services quote it.
const DOCUMENTS = {
  // Altinity/altinity-mcp#118, gamedevpl/www.gamedev.pl#641: one per connector; it prefers to sign, and offers `none`.
  chatgpt: {
    client_id: 'https://chatgpt.com/oauth/IbUR3zxyNQ16/client.json',
    client_uri: 'https://chatgpt.com/',
    redirect_uris: ['https://chatgpt.com/connector/oauth/IbUR3zxyNQ16'],
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_methods_supported: ['none', 'private_key_jwt'],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    client_name: 'ChatGPT',
    logo_uri: 'https://persistent.oaistatic.com/sonic/misc/openai-logo.png',
    token_endpoint_auth_signing_alg: 'RS256',
    jwks_uri: 'https://chatgpt.com/oauth/jwks.json',
  },
  // anomalyco/opencode#47737 names the address; ports are left out, as in Claude Code's.
  codex: {
    client_id: 'https://chatgpt.com/oauth/codex/client.json',
    client_name: 'Codex',
    client_uri: 'https://chatgpt.com/codex',
    application_type: 'native',
    redirect_uris: ['http://127.0.0.1/callback', 'http://localhost/callback'],
    token_endpoint_auth_method: 'none',
    token_endpoint_auth_methods_supported: ['none'],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
  },
  // anthropics/claude-ai-mcp#518 has the address; its third grant type is one that we do not have.
  claude: {
    client_id: 'https://claude.ai/oauth/mcp-oauth-client-metadata',
    client_name: 'Claude',
    client_uri: 'https://claude.ai',
    redirect_uris: ['https://claude.ai/api/mcp/auth_callback'],
    grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:jwt-bearer'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  },
  // anthropics/claude-code#42301, #37747, #64705: no ports and no application_type.
  claudeCode: {
    client_id: 'https://claude.ai/oauth/claude-code-client-metadata',
    client_name: 'Claude Code',
    client_uri: 'https://claude.ai',
    redirect_uris: ['http://localhost/callback', 'http://127.0.0.1/callback'],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  },
  // microsoft/vscode#282472, #298300: with a grant type for devices without a browser.
  vscode: {
    client_name: 'Visual Studio Code',
    logo_uri: 'https://code.visualstudio.com/assets/branding/code-stable.png',
    grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    application_type: 'native',
    client_id: 'https://vscode.dev/oauth/client-metadata.json',
    client_uri: 'https://vscode.dev/product',
    redirect_uris: ['http://127.0.0.1:33418/', 'https://vscode.dev/redirect'],
  },
  // anomalyco/opencode#47737
  opencode: {
    client_id: 'https://opencode.ai/oauth/opencode/client.json',
    client_name: 'opencode',
    client_uri: 'https://opencode.ai',
    logo_uri: 'https://opencode.ai/web-app-manifest-512x512.png',
    application_type: 'native',
    redirect_uris: ['http://127.0.0.1/callback', 'http://localhost/callback'],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    token_endpoint_auth_methods_supported: ['none'],
  },
} as const

export type DocumentedClient = keyof typeof DOCUMENTS

const CHATGPT_KEYS = DOCUMENTS.chatgpt.jwks_uri
const KEY_ID = 'cimd-20260428030119'
const HOSTS = ['chatgpt.com', 'claude.ai', 'vscode.dev', 'opencode.ai', 'client.example', 'other.example']
/** What the stand-in's name server says; connections to it end at the stand-in. */
const PUBLIC_ADDRESS = '93.184.215.14'

type Answer = RequestListener

export interface ClientDocuments {
  /** For `startService({ network })`, or `buildApp`: leads by the real host names to the stand-in. */
  network: Network
  documents: typeof DOCUMENTS
  /** The addresses that were asked for, in order. */
  readonly fetched: string[]
  /** Serves something else at an address. */
  serve(url: string, answer: object | Answer): void
  /** What the name server says about a host. */
  resolve(hostname: string, addresses: string[]): void
  /** A signed assertion of ChatGPT (RFC 7523), with changed claims, or signed with another key. */
  assertion(claims: Record<string, unknown>, key?: KeyObject): string
  close(): Promise<void>
}

/** A stand-in for the hosts where clients publish their metadata: over TLS, at their real names and addresses. */
export async function startClientDocuments(): Promise<ClientDocuments> {
  const certificate = await makeCertificate(HOSTS.map((host) => `DNS:${host}`))
  const cert = await readFile(certificate.certFile)
  const key = await readFile(certificate.keyFile)
  const names = new Map<string, string[]>(HOSTS.map((host) => [host, [PUBLIC_ADDRESS]]))
  const answers = new Map<string, Answer>()
  const fetched: string[] = []
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })

  const serve: ClientDocuments['serve'] = (url, answer) => {
    const send: Answer = (_request, response) => {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(answer))
    }
    answers.set(url, typeof answer === 'function' ? (answer as Answer) : send)
  }
  for (const document of Object.values(DOCUMENTS)) serve(document.client_id, document)
  serve(CHATGPT_KEYS, { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: KEY_ID, use: 'sig', alg: 'RS256' }] })

  const server = https.createServer({ cert, key }, (request, response) => {
    const url = `https://${request.headers.host}${request.url}`
    fetched.push(url)
    const answer = answers.get(url)
    if (answer === undefined) response.writeHead(404).end()
    else answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  /** Connects to the stand-in where the address is the one of its name server, and only there. */
  class StandInAgent extends https.Agent {
    override createConnection(options: https.RequestOptions, callback?: never) {
      options.lookup?.(String(options.host), {}, (_error, address) => {
        if (address !== PUBLIC_ADDRESS) throw new Error(`a connection to ${address} was attempted`)
      })
      return super.createConnection({ ...options, host: '127.0.0.1', port, ca: cert }, callback)
    }
  }

  return {
    documents: DOCUMENTS,
    fetched,
    serve,
    resolve: (hostname, addresses) => void names.set(hostname, addresses),
    network: {
      agent: new StandInAgent(),
      async lookup(hostname): Promise<LookupAddress[]> {
        const addresses = names.get(hostname)
        if (addresses === undefined) throw new Error(`getaddrinfo ENOTFOUND ${hostname}`)
        return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
      },
    },
    assertion(claims, signingKey = privateKey) {
      const { client_id: id } = DOCUMENTS.chatgpt
      const iat = Math.floor(Date.now() / 1000)
      const parts = [
        { alg: 'RS256', kid: KEY_ID },
        { iss: id, sub: id, jti: randomUUID(), iat, exp: iat + 300, ...claims },
      ].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      const signature = sign('sha256', Buffer.from(parts.join('.')), signingKey)
      return [...parts, signature.toString('base64url')].join('.')
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await certificate.remove()
    },
  }
}
