import fp from 'fastify-plugin'
import type { Config } from '../../src/config.ts'
import { listenTo } from '../../src/database/listener.ts'

/** Gets the id of the user, token or key that changed; null after a gap, when any of them may have. */
export type AccessListener = (id: string | null) => void

declare module 'fastify' {
  interface FastifyInstance {
    /** Calls `listener` for each change of memberships, businesses, tokens and keys, whoever made it. */
    onAccessChange(listener: AccessListener): void
  }
}

const CHANNEL = 'flowpos_access'

/** Changes of access rights, of which the database notifies every instance. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const listeners: AccessListener[] = []
    app.decorate('onAccessChange', (listener) => void listeners.push(listener))

    const tell = (id: string | null) => {
      for (const listener of listeners) listener(id)
    }
    const stop = listenTo(config.DATABASE_URL as string, CHANNEL, {
      onNotification: tell,
      onListening: () => tell(null),
      onError: (err) => app.log.warn({ err }, 'changes of access are not notified at the moment'),
    })
    app.addHook('onClose', stop)
  },
  { name: 'access-changes', dependencies: ['postgres'] },
)
