import { readFile } from 'node:fs/promises'
import path from 'node:path'
import helmet from '@fastify/helmet'
import Fastify, { type FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { importFolder } from '../../src/import-folder.ts'
import { type Service, startService } from '../support/service.ts'

// Where fastify-plugin stores what a plugin declares.
const META = Symbol.for('plugin-meta')
const IS_SHARED = Symbol.for('skip-override')

interface Plugin extends FastifyPluginAsync {
  [META]: { name: string; dependencies: string[]; encapsulate?: boolean }
  [IS_SHARED]: boolean
}

const FOLDER = path.join(import.meta.dirname, '../../plugins')
// Each file of a group is a plugin; files in folders below help one.
const files = (await importFolder(FOLDER)).filter(([file]) => file.split('/').length === 2)
const plugins = files.map(([file, module]) => ({ file, plugin: module.default as Plugin }))
const named = plugins.map(({ file, plugin }) => ({
  file,
  plugin,
  name: plugin?.[META]?.name ?? file,
  dependencies: plugin?.[META]?.dependencies ?? [],
}))
const pairs = named.flatMap(({ name, dependencies }) => dependencies.map((dependency) => ({ name, dependency })))
const read = (file: string) => readFile(path.join(FOLDER, `${file}.ts`), 'utf8')
/** The plugin that adds each property of the app. */
const makers = new Map<string, string>()
for (const { file, name } of named) {
  for (const [, made] of (await read(file)).matchAll(/\bapp\.decorate\(\s*'(\w+)'/g)) makers.set(made as string, name)
}

describe('every plugin', () => {
  it.each(plugins)('$file says its name, which is that of its file, and what it needs', ({ file, plugin }) => {
    expect(plugin?.[META]?.name, 'the name given to fp()').toBe(path.basename(file))
    expect(plugin[META].dependencies, 'the dependencies given to fp()').toBeInstanceOf(Array)
  })

  it.each(pairs)('$name is refused without $dependency, in the words of Fastify', async ({ name, dependency }) => {
    const { plugin, dependencies } = named.find((each) => each.name === name) as (typeof named)[number]
    const app = Fastify()
    for (const other of dependencies.filter((each) => each !== dependency)) {
      await app.register(fp(async () => {}, { name: other }))
    }
    await expect(async () => await app.register(plugin)).rejects.toThrow(
      `The dependency '${dependency}' of plugin '${name}' is not registered`,
    )
  })

  it.each(named)(
    '$name names whichever plugin makes what it takes from the app',
    async ({ file, name, dependencies }) => {
      const needed = [...(await takenIn(file))].flatMap((taken) => makers.get(taken) ?? [])
      const undeclared = needed.filter((maker) => maker !== name && !dependencies.includes(maker))
      expect(undeclared, 'plugins to be added to its dependencies').toEqual([])
    },
  )

  // The hook of the metrics measures all requests.
  it.each(named.filter(({ name }) => name !== 'metrics'))(
    '$name keeps its hooks to itself where it has routes',
    async ({ file, plugin }) => {
      const hasRoutes = /\bapp\.(get|post|put|patch|delete|route)\(/.test(await read(file))
      expect(hasRoutes && plugin[META].encapsulate !== true, 'has routes without encapsulate: true').toBe(false)
    },
  )

  it.each(named)(
    '$name needs the plugin errors where its routes answer with errors',
    async ({ file, dependencies }) => {
      const source = await read(file)
      const answersErrors =
        /\bapp\.(get|post|put|patch|delete|route)\(/.test(source) && /new ServiceError\(|ERROR_RESPONSES/.test(source)
      expect(answersErrors && !dependencies.includes('errors'), 'needs errors in its dependencies').toBe(false)
    },
  )

  it('is searched, together with the files that help it', async () => {
    expect(makers.get('toolCalls')).toBe('tool-calls')
    expect([...(await takenIn('mcp/endpoint'))]).toEqual(
      expect.arrayContaining(['mcpStreams', 'toolCalls', 'database']),
    )
    expect([...(await takenIn('mcp/streams'))]).toEqual(expect.arrayContaining(['sessionEvents', 'metrics']))
  })
})

describe('the service', () => {
  let service: Service
  beforeAll(async () => {
    service = await startService()
  })
  afterAll(() => service?.close())

  const others = { plugin: helmet as unknown as Plugin, name: '@fastify/helmet' }

  it.each([...named, others])('without $name is refused by whoever needs it', async ({ plugin, name }) => {
    // Plugins that need sessions get them from redis-sessions here.
    const missing = name === 'redis-sessions' ? 'sessions' : name
    const users = named.filter(({ dependencies }) => dependencies.includes(missing)).map((user) => user.name)
    const putBack = leaveOut(plugin)
    try {
      const starting = service.anotherInstance()
      if (users.length === 0) return void (await starting)
      const of = `The dependency '${missing}' of plugin '(${users.join('|')})' is not registered`
      await expect(starting).rejects.toThrow(new RegExp(`^${of}$`))
    } finally {
      putBack()
    }
  })
})

/** Hides a plugin: it keeps its decorators and hooks to itself, and its name is unknown. */
function leaveOut(plugin: Plugin): () => void {
  const { [META]: meta, [IS_SHARED]: isShared } = plugin
  plugin[META] = { ...meta, name: 'left out' }
  plugin[IS_SHARED] = false
  return () => Object.assign(plugin, { [META]: meta, [IS_SHARED]: isShared })
}

/** The properties of the app that a plugin reads, also in the files that help it. */
async function takenIn(file: string): Promise<Set<string>> {
  const text = await read(file)
  const single = [...text.matchAll(/\bapp\.(\w+)/g)].map(([, name]) => name as string)
  const several = [...text.matchAll(/const \{([^}]+)\} = app\b/g)].flatMap(([, names = '']) =>
    names.split(',').map((each) => each.split(':')[0]?.trim() as string),
  )
  const helpers = [...text.matchAll(/from '(\.[^']+)'/g)]
    .map(([, imported]) => path.join(path.dirname(file), imported as string))
    .filter((imported) => !imported.startsWith('..') && imported.split('/').length > 2)
    .map((imported) => imported.replace(/\.ts$/, ''))
  const taken = await Promise.all(helpers.map(takenIn))
  return new Set([...single, ...several, ...taken.flatMap((names) => [...names])])
}
