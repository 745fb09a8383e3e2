import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import fp from 'fastify-plugin'
import { SERVER_INFO } from '../../src/mcp/server-info.ts'

/** OpenAPI of the HTTP routes, made from their schemas, with a page at /docs. */
export default fp(
  async (app) => {
    const bearer = (description: string) => ({ type: 'http' as const, scheme: 'bearer', description })
    await app.register(swagger, {
      openapi: {
        openapi: '3.1.0',
        info: {
          title: 'FlowPOS MCP',
          version: SERVER_INFO.version,
          description:
            'Tokens and API keys for the MCP endpoint at /mcp, which itself speaks the Model Context Protocol.',
        },
        components: {
          securitySchemes: {
            mcpToken: bearer('accessToken of POST /mcp/token'),
            firebase: bearer('Firebase ID token of a signed-in user'),
          },
        },
      },
    })
    await app.register(swaggerUi, { routePrefix: '/docs' })
  },
  { name: 'docs', dependencies: [] },
)
