import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { functionsFile, newestFunctions } from './rollups/files.ts'
import { rollupFunctions } from './rollups/functions.ts'

// npm run rollups:sql [-- DATE]
// Shows how the generator's output differs from the newest file of the rollups' functions, and writes it for the
// migration of that date. Without a date it writes nothing, and fails if there is a difference.

const [date] = process.argv.slice(2)
const newest = await newestFunctions()
const file = date === undefined ? undefined : functionsFile(date)
if (date !== undefined && (file === undefined || file < newest.path)) {
  console.error(`Give the date of the migration as YYYY-MM-DD, not before that of ${path.basename(newest.path)}.`)
  process.exit(1)
}
const text = rollupFunctions()
const { status } = spawnSync('git', ['diff', '--no-index', '--', path.relative('', newest.path), '-'], {
  input: text,
  stdio: ['pipe', 'inherit', 'inherit'],
})
if (file === undefined) process.exit(status ?? 1)
await writeFile(file, text)
console.log(`${path.relative('', file)} written`)
