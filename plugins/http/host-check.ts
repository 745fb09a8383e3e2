import { isIP } from 'node:net'
import cors from '@fastify/cors'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { type Config, listOf } from '../../src/config.ts'
import { ServiceError } from '../../src/errors.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Hook: refuses requests to a host name, or from a web origin, that is not allowed (DNS rebinding). */
    checkHost(request: FastifyRequest, reply: FastifyReply): Promise<void>
  }
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])

/** Which names and web origins may reach the service. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const publicUrl = config.PUBLIC_URL === undefined ? undefined : new URL(config.PUBLIC_URL)
    const hosts = new Set([...LOOPBACK, ...listOf(config.ALLOWED_HOSTS).map((host) => host.toLowerCase())])
    if (publicUrl !== undefined) hosts.add(publicUrl.hostname)
    const origins = new Set(listOf(config.ALLOWED_ORIGINS))
    if (publicUrl !== undefined) origins.add(publicUrl.origin)

    const isOriginAllowed = (origin: string) => {
      if (origins.has(origin)) return true
      const hostname = hostnameOf(origin)
      return hostname !== undefined && LOOPBACK.has(hostname)
    }

    app.decorate('checkHost', async (request: FastifyRequest) => {
      // Rebinding needs a name that an attacker controls, which an IP address is not.
      const hostname = request.hostname.toLowerCase()
      if (!hosts.has(hostname) && isIP(hostname.replace(/^\[|\]$/g, '')) === 0) {
        throw new ServiceError('forbidden', 'This host name is not served here.', {
          hint: 'The operator adds it with PUBLIC_URL or ALLOWED_HOSTS.',
        })
      }
      const { origin } = request.headers
      if (origin !== undefined && !isOriginAllowed(origin)) {
        throw new ServiceError('forbidden', 'This web origin may not call the service.', {
          hint: 'The operator adds it with ALLOWED_ORIGINS.',
        })
      }
    })

    await app.register(cors, {
      origin: (origin, callback) => callback(null, origin !== undefined && isOriginAllowed(origin)),
      methods: ['GET', 'POST', 'PATCH', 'DELETE'],
      exposedHeaders: ['mcp-session-id', 'mcp-protocol-version', 'www-authenticate', 'retry-after'],
      maxAge: 600,
    })
  },
  { name: 'host-check', dependencies: [] },
)

function hostnameOf(origin: string): string | undefined {
  try {
    return new URL(origin).hostname
  } catch {
    return undefined
  }
}
