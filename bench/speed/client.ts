import { Agent, type ClientRequest, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from './cases.ts'

const PROTOCOL = '2025-11-25'

/** The headers of a request in a session. */
export function headersOf(token: string, sessionId?: string): Record<string, string> {
  return {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': PROTOCOL,
    ...(sessionId === undefined ? {} : { 'mcp-session-id': sessionId }),
  }
}

const agent = new Agent({ keepAlive: true })

const TRIES = 10

/**
 * Sends a message, and repeats it if the server asks for that.
 * @returns the answer's JSON text, even if it comes as an event
 * @throws Error for any status but 200
 */
export async function post(url: string, headers: Record<string, string>, body: string): Promise<Answer> {
  for (let left = TRIES; ; left--) {
    const answer = await send(url, headers, body)
    if (answer.status === 200) return answer
    if (answer.status !== 503 || left === 0) throw new Error(`${answer.status} for ${body}: ${answer.text}`)
    await sleep(1000)
  }
}

interface Answer {
  status: number
  sessionId: string | undefined
  text: string
}

function send(url: string, headers: Record<string, string>, body: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(`${url}/mcp`, { method: 'POST', headers, agent }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => {
        const sessionId = response.headers['mcp-session-id'] as string | undefined
        resolve({ status: response.statusCode ?? 0, sessionId, text: /^data: (.*)$/m.exec(text)?.[1] ?? text })
      })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

/** Begins a session. @returns its id */
export async function initialize(url: string, token: string): Promise<string> {
  const params = { protocolVersion: PROTOCOL, capabilities: {}, clientInfo: { name: 'speed', version: '1' } }
  const { sessionId } = await post(url, headersOf(token), messageOf({ method: 'initialize', params }, 0))
  if (sessionId === undefined) throw new Error('no session was given')
  return sessionId
}

/** Opens the live stream of a session. @returns the open request, or null if the server has no streams */
export function openStream(url: string, token: string, sessionId: string): Promise<ClientRequest | null> {
  const { 'content-type': _none, ...headers } = headersOf(token, sessionId)
  return new Promise((resolve, reject) => {
    const sent = request(`${url}/mcp`, { headers: { ...headers, accept: 'text/event-stream' }, agent: false })
    sent.on('response', (response) => {
      response.resume()
      response.on('error', () => {})
      if (response.statusCode === 405) resolve(null)
      else if (response.statusCode === 200) resolve(sent)
      else reject(new Error(`${response.statusCode} for a stream`))
    })
    sent.on('error', reject)
    sent.end()
  })
}
