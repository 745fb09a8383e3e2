import fp from 'fastify-plugin'
import type { Config } from '../../src/config.ts'
import { listenTo } from '../../src/database/listener.ts'

/** Told which user, token or key was changed; null: some may have been, while nobody listened. */
export type AccessListener = (id: string | null) => void

declare module 'fastify' {
  interface FastifyInstance {
    /** Calls `listener` for each change of memberships, businesses, tokens and keys, made by whomever. */
    onAccessChange(listener: AccessListener): void
  }
}

const CHANNEL = 'flowpos_access'

/** Changes of who may do what, as the database notifies them to every instance. */
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
