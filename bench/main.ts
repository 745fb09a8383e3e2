// npm run bench -- <name> [options]: measurements, one per file of this folder. None is part of the tests.
const BENCHES = ['neighbours', 'reports', 'speed', 'trips', 'year'] as const

const [name, ...args] = process.argv.slice(2)
if (!BENCHES.some((each) => each === name)) {
  console.error(`Usage: npm run bench -- <${BENCHES.join('|')}> [options]`)
  process.exit(2)
}
const { bench } = (await import(`./${name}.ts`)) as { bench(args: string[]): Promise<void> }
await bench(args)
