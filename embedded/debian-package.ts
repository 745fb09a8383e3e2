/** Programs and libraries of the distribution: the installed ones, or else unpacked from its packages. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { access, constants, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const CACHE = fileURLToPath(new URL('../node_modules/.cache/debian', import.meta.url))
const run = promisify(execFile)

export interface Program {
  path: string
  /** Additional environment variables that it needs. */
  env: Record<string, string>
}

/**
 * Finds a program by one of its names on PATH or in the folders of daemons, else in `packageName`, which is fetched
 * without root.
 * @param root where the package is unpacked
 * @throws an Error that says what to install
 */
export async function findProgram(
  names: string | readonly string[],
  packageName: string,
  root = join(CACHE, packageName),
): Promise<Program> {
  const known = [names].flat()
  const folders = [...(process.env.PATH ?? '').split(delimiter).filter(Boolean), '/usr/sbin', '/usr/local/sbin']
  for (const path of known.flatMap((name) => folders.map((folder) => join(folder, name)))) {
    if (await isThere(path, constants.X_OK)) return { path, env: {} }
  }
  await unpack(packageName, root)
  const places = known.flatMap((name) => ['usr/sbin', 'usr/bin'].map((folder) => join(root, folder, name)))
  const path = places.find((place) => existsSync(place))
  if (path === undefined) throw new Error(`${packageName} holds no ${known.join(' or ')}: remove ${root}.`)
  const libraries = await libraryFolders(root)
  return { path, env: { LD_LIBRARY_PATH: libraries.join(':') } }
}

/**
 * Finds a shared library below a library folder, such as `faketime/libfaketime.so.1`, or else in `packageName`.
 * @throws an Error that says what to install
 */
export async function findLibrary(name: string, packageName: string): Promise<string> {
  const installed = await findIn('/', name)
  const found = installed ?? (await findIn(await unpack(packageName, join(CACHE, packageName)), name))
  if (found === undefined) throw new Error(`${packageName} holds no ${name}.`)
  return found
}

async function findIn(root: string, name: string): Promise<string | undefined> {
  for (const folder of await libraryFolders(root)) {
    if (await isThere(join(folder, name), constants.R_OK)) return join(folder, name)
  }
  return undefined
}

/** `usr/lib` and `lib`, with their folders for the architecture. */
async function libraryFolders(root: string): Promise<string[]> {
  const tops = [join(root, 'usr/lib'), join(root, 'lib')]
  const below = await Promise.all(
    tops.map(async (top) => (await readdir(top).catch(() => [])).map((name) => join(top, name))),
  )
  return [...tops, ...below.flat()]
}

/** Fetches a package with its missing dependencies, without changing the machine. */
async function unpack(packageName: string, root: string): Promise<string> {
  if (await isThere(root, constants.R_OK)) return root
  await mkdir(dirname(root), { recursive: true })
  const work = await mkdtemp(`${root}-`)
  try {
    const archives = join(work, 'cache/archives')
    await mkdir(join(archives, 'partial'), { recursive: true })
    await mkdir(join(work, 'lists/partial'), { recursive: true })
    // Apt's own download user could not enter this folder, and without root only a private cache is writable.
    const own = [`Dir::Cache=${join(work, 'cache')}`, 'Debug::NoLocking=1', 'APT::Sandbox::User=']
    const options = ['-qq', ...own.flatMap((option) => ['-o', option])]
    const fetch = [...options, 'install', '-y', '--download-only', '--no-install-recommends', packageName]
    const lists = ['-o', `Dir::State::lists=${join(work, 'lists')}`]
    await run('apt-get', fetch).catch(async () => {
      // The machine's package lists are missing or too old.
      await run('apt-get', [...lists, ...options, 'update'])
      await run('apt-get', [...lists, ...fetch])
    })
    for (const file of await readdir(archives)) {
      if (file.endsWith('.deb')) await run('dpkg-deb', ['-x', join(archives, file), join(work, 'root')])
    }
    // A parallel run may have unpacked the same package in the meantime.
    await rename(join(work, 'root'), root).catch(() => {})
    return root
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    const message = `The tests need ${packageName}: install it and put it on PATH (apt-get or brew install ${packageName}).`
    throw new Error(`${message} Fetching it failed: ${reason}`, { cause })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

function isThere(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  )
}
