import type { FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../../src/config.ts'
import { ICONS } from '../../src/mcp/server-info.ts'

const DAY_SECONDS = 86400

/** What directories of assistants, and browsers, ask of a service: its icons, and the proof that the domain is ours. */
const listing: FastifyPluginAsync<{ config: Config }> = async (app, { config }) => {
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

  const challenge = config.OPENAI_APPS_CHALLENGE
  if (challenge !== undefined) {
    app.get('/.well-known/openai-apps-challenge', hidden, (_request, reply) => reply.type('text/plain').send(challenge))
  }
}

export default fp(listing, { name: 'listing', dependencies: ['@fastify/helmet', 'pages'], encapsulate: true })
