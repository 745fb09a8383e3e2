import path from 'node:path'
import { expect, it } from 'vitest'
import { ConfigSchema } from '../../src/config.ts'
import { run } from './engine.ts'
import { ROOT } from './surroundings.ts'

interface Manifest {
  kind: string
  metadata: { annotations: Record<string, string> }
  spec: { template: { spec: Record<string, unknown> & { containers: Container[] } } }
}

interface Container {
  command?: string[]
  args?: string[]
  startupProbe: { httpGet: { path: string } }
  livenessProbe: { httpGet: { path: string } }
  env: { name: string; value?: string; valueFrom?: { secretKeyRef: { key: string } } }[]
}

async function read(file: string): Promise<Manifest> {
  const script = 'import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))'
  const { stdout, stderr } = await run('python3', ['-c', script, path.join(ROOT, 'deploy/cloud-run', file)])
  expect(stdout, stderr).not.toBe('')
  return JSON.parse(stdout)
}

const SECRET = /SECRET|PASSWORD|_URL$/

it('sets what the service knows, secrets by reference alone, and probes what it answers', async () => {
  const { kind, metadata, spec } = await read('service.yaml')
  // Otherwise Google would check a merchant's token as one of its own.
  expect(metadata.annotations['run.googleapis.com/invoker-iam-disabled']).toBe('true')
  const [container] = spec.template.spec.containers
  expect({ kind, timeout: spec.template.spec.timeoutSeconds }).toEqual({ kind: 'Service', timeout: 3600 })
  expect(container?.startupProbe.httpGet.path).toBe('/health/ready')
  expect(container?.livenessProbe.httpGet.path).toBe('/health/live')
  for (const { name, value, valueFrom } of container?.env ?? []) {
    expect(Object.keys(ConfigSchema.properties)).toContain(name)
    if (SECRET.test(name) && name !== 'PUBLIC_URL') expect(value, name).toBeUndefined()
    if (valueFrom !== undefined) expect(valueFrom.secretKeyRef.key, name).toMatch(/^\d+$/)
  }
})

it.each([
  ['migrate.yaml', 'dist/cli/migrate.js', 'MIGRATION_DATABASE_URL'],
  ['commands.yaml', 'dist/cli/audit.js', 'COMMAND_DATABASE_URL'],
])('%s runs a command that knows its own login and nothing else', async (file, command, setting) => {
  const { kind, spec } = await read(file)
  const job = spec.template.spec as unknown as Manifest['spec']
  const [container] = job.template.spec.containers
  expect({ kind, command: container?.command, args: container?.args }).toEqual({
    kind: 'Job',
    command: ['node'],
    args: [command],
  })
  expect(container?.env.map(({ name, value }) => [name, value])).toEqual([[setting, undefined]])
})
