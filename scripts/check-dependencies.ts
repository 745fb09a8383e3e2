/**
 * Checks what is shipped with the service: that every licence permits it, and that no package has a known advisory.
 * Advisories come from the registry or, where it answers none, from security/advisories.json.
 */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import semver from 'semver'

const run = promisify(execFile)

// All permit use in a closed service, without publishing its source.
const LICENCES = new Set(['MIT', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'BlueOak-1.0.0'])
// Its package.json has the old form of the field: MIT.
const CHECKED_BY_HAND = new Set(['limiter@1.1.5'])

interface Shipped {
  name: string
  version: string
  licence: string | undefined
}

interface Advisory {
  id: string
  package: string
  /** A range of semver. */
  vulnerable: string
  title: string
}

/** The packages of package-lock.json that are not for development alone. */
async function shippedPackages(): Promise<Shipped[]> {
  const { packages } = JSON.parse(await readFile('package-lock.json', 'utf8')) as {
    packages: Record<string, { version: string; license?: string; dev?: boolean }>
  }
  return Object.entries(packages)
    .filter(([path, { dev }]) => path !== '' && dev !== true)
    .map(([path, { version, license }]) => ({
      name: path.split('node_modules/').at(-1) ?? '',
      version,
      licence: license,
    }))
}

/** What the registry says. @returns undefined where it does not answer such questions */
async function auditOfRegistry(): Promise<string[] | undefined> {
  const { stdout } = await run('npm', ['audit', '--omit=dev', '--json'], { maxBuffer: 1 << 26 }).catch(
    (error: { stdout: string }) => error,
  )
  const { vulnerabilities } = JSON.parse(stdout || '{}') as {
    vulnerabilities?: Record<string, { name: string; severity: string; range: string }>
  }
  if (vulnerabilities === undefined) return undefined
  return Object.values(vulnerabilities).map(({ name, severity, range }) => `${name} ${range}: ${severity}`)
}

async function auditOfFile(shipped: Shipped[]): Promise<string[]> {
  const { advisories } = JSON.parse(await readFile('security/advisories.json', 'utf8')) as { advisories: Advisory[] }
  return shipped.flatMap(({ name, version }) =>
    advisories
      .filter((advisory) => advisory.package === name && semver.satisfies(version, advisory.vulnerable))
      .map(({ id, title }) => `${name}@${version}: ${id}, ${title}`),
  )
}

const shipped = await shippedPackages()
const unknown = shipped.filter(
  ({ name, version, licence }) => !LICENCES.has(licence ?? '') && !CHECKED_BY_HAND.has(`${name}@${version}`),
)
const registry = await auditOfRegistry()
const vulnerable = registry ?? (await auditOfFile(shipped))

for (const { name, version, licence } of unknown) console.error(`${name}@${version}: licence ${licence ?? 'unknown'}`)
for (const problem of vulnerable) console.error(problem)
console.log(
  `${shipped.length} packages shipped; ${unknown.length} with an unexpected licence; ${vulnerable.length} with a known ` +
    `advisory (${registry === undefined ? 'security/advisories.json' : 'registry'})`,
)
process.exitCode = unknown.length + vulnerable.length > 0 ? 1 : 0
