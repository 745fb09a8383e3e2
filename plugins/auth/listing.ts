import type { FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../../src/config.ts'
import { ICONS } from '../../src/mcp/server-info.ts'
import type { Clock } from '../../src/time/clock.ts'

const DAY_SECONDS = 86400
const SECURITY_TXT_DAYS = 90

/**
 * What directories of assistants, and browsers, ask of a service: its icons, the proof that the domain is ours, and whom
 * to tell of a weakness.
 */
const listing: FastifyPluginAsync<{ config: Config; clock: Clock }> = async (app, { config, clock }) => {
  const hidden = { schema: { hide: true } }
  const icons = ICONS.map(({ file }) => [`/icons/${file}`, file] as const)

  for (const [url, file] of [...icons, ['/favicon.ico', 'flowpos-512.png'] as const]) {
    app.get(url, hidden, (_request, reply) => {
      // Clients show the icons on pages of their own.
      reply.header('cross-origin-resource-policy', 'cross-origin')
      reply.header('cache-control', `public, max-age=${DAY_SECONDS}`)
      return app.pages.send(reply, `icons/${file}`)
    })
  }

  const contact = config.SUPPORT_URL
  if (contact !== undefined) {
    // RFC 9116: who finds a weakness learns where to tell it. It must expire, within a year.
    app.get('/.well-known/security.txt', hidden, (_request, reply) => {
      const expires = new Date(clock().getTime() + SECURITY_TXT_DAYS * DAY_SECONDS * 1000).toISOString()
      reply.type('text/plain').send(`Contact: ${contact}\nExpires: ${expires}\nPreferred-Languages: en, es\n`)
    })
  }

  const challenge = config.OPENAI_APPS_CHALLENGE
  if (challenge !== undefined) {
    app.get('/.well-known/openai-apps-challenge', hidden, (_request, reply) => reply.type('text/plain').send(challenge))
  }
}

export default fp(listing, { name: 'listing', dependencies: ['@fastify/helmet', 'pages'], encapsulate: true })
