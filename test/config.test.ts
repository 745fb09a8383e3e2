import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { parseEnv } from 'node:util'
import Fastify from 'fastify'
import { describe, expect, it } from 'vitest'
import { ConfigSchema, loadConfig, trustedProxies } from '../src/config.ts'
import { productionProblems } from '../src/production.ts'

const SECRET = '5f3c9a7d1e2b4f6a8c0d9e7b5a3f1c2d'
const PRODUCTION = {
  MCP_TOKEN_SECRET: SECRET,
  DATABASE_URL: 'postgres://db/flowpos',
  REDIS_URL: 'redis://redis',
  FIREBASE_PROJECT_ID: 'flowpos',
}

describe('loadConfig', () => {
  it('fills in defaults and converts numbers', () => {
    expect(loadConfig({ MCP_TOKEN_SECRET: SECRET, PORT: '4001' })).toMatchObject({
      PORT: 4001,
      HOST: '0.0.0.0',
      MCP_TOKEN_TTL_SECONDS: 86400,
      TRUST_PROXY: '0',
    })
  })

  it('takes an empty setting for one that is not set', () => {
    expect(loadConfig({ MCP_TOKEN_SECRET: SECRET, PORT: '', REDIS_URL: '' })).not.toHaveProperty('REDIS_URL')
  })

  it.each([
    [{}, 'MCP_TOKEN_SECRET'],
    [{ MCP_TOKEN_SECRET: 'short' }, 'MCP_TOKEN_SECRET'],
    [{ MCP_TOKEN_SECRET: SECRET, PORT: 'http' }, 'PORT'],
    [{ MCP_TOKEN_SECRET: SECRET, MCP_TOKEN_TTL_SECONDS: '0' }, 'MCP_TOKEN_TTL_SECONDS'],
    [{ MCP_TOKEN_SECRET: SECRET, PUBLIC_URL: 'api.flowpos.app' }, 'PUBLIC_URL'],
    [{ MCP_TOKEN_SECRET: SECRET, LOG_LEVEL: 'loud' }, 'LOG_LEVEL'],
    [{ MCP_TOKEN_SECRET: SECRET, REDIS_URL: 'redis:6379' }, 'REDIS_URL'],
    [{ MCP_TOKEN_SECRET: SECRET, REDIS_TLS: 'maybe' }, 'REDIS_TLS'],
    [{ MCP_TOKEN_SECRET: SECRET, FIREBASE_SIGN_IN_PROVIDERS: 'password,google' }, 'FIREBASE_SIGN_IN_PROVIDERS'],
    [{ MCP_TOKEN_SECRET: SECRET, FIREBASE_AUTH_DOMAIN: 'https://x.example' }, 'FIREBASE_AUTH_DOMAIN'],
  ])('refuses %j, naming the setting', (env, name) => {
    expect(() => loadConfig(env)).toThrow(name)
  })
})

describe('trustedProxies', () => {
  const ipOf = async (setting: string) => {
    const app = Fastify({ trustProxy: trustedProxies(loadConfig({ MCP_TOKEN_SECRET: SECRET, TRUST_PROXY: setting })) })
    app.get('/', (request) => request.ip)
    const headers = { 'x-forwarded-for': '6.6.6.6, 203.0.113.9' }
    return (await app.inject({ url: '/', headers, remoteAddress: '10.0.0.1' })).body
  }

  it('believes as many balancers as there are, and never the client itself', async () => {
    expect(await ipOf('0')).toBe('10.0.0.1')
    expect(await ipOf('1')).toBe('203.0.113.9')
    expect(await ipOf('10.0.0.0/8')).toBe('203.0.113.9')
  })
})

it('.env.example names every setting and no other', async () => {
  const text = await readFile(path.join(import.meta.dirname, '../.env.example'), 'utf8')
  const named = Object.keys(parseEnv(text.replaceAll(/^# (?=[A-Z_]+=)/gm, '')))
  expect(named.sort()).toEqual(Object.keys(ConfigSchema.properties).sort())
})

describe('production', () => {
  const problems = (env: Record<string, string | undefined>) =>
    productionProblems(loadConfig({ ...PRODUCTION, ...env }), { ...PRODUCTION, ...env })

  it('starts with real parts', () => {
    expect(problems({})).toEqual([])
    expect(problems({ REDIS_URL: undefined, REDIS_HOST: 'redis' })).toEqual([])
    expect(problems({ REDIS_URL: undefined, REDIS_CLUSTER: 'a:1,b:2' })).toEqual([])
  })

  it.each([
    [{ MCP_TOKEN_SECRET: 'a'.repeat(40) }, 'weak'],
    [{ MCP_TOKEN_SECRET: 'change-me-change-me-change-me-please' }, 'weak'],
    [{ MCP_TOKEN_PREVIOUS_SECRETS: 'short' }, 'weak'],
    [{ DATABASE_URL: undefined }, 'DATABASE_URL is not set'],
    [{ REDIS_URL: undefined }, 'REDIS_URL'],
    [{ FIREBASE_AUTH_EMULATOR_HOST: 'localhost:9099' }, 'FIREBASE_AUTH_EMULATOR_HOST'],
    [{ FIREBASE_AUTH_EMULATOR_HOST: '' }, 'FIREBASE_AUTH_EMULATOR_HOST'],
    [{ FIREBASE_PROJECT_ID: 'demo-flowpos' }, 'demo project'],
    [{ FIREBASE_PROJECT_ID: undefined }, 'FIREBASE_PROJECT_ID is not set'],
    [{ FIREBASE_SERVICE_ACCOUNT: '{"type":"user"}' }, 'FIREBASE_SERVICE_ACCOUNT'],
  ])('refuses to start with %j', (env, reason) => {
    expect(problems(env).join()).toContain(reason)
  })
})
