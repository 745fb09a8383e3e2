import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'

const REAL_PARTS = 'test/support/global-setup.ts'
// Each test makes what it needs; the seed is printed, and --sequence.seed repeats the order.
const RANDOM_ORDER = { shuffle: { tests: true } }

const projects: TestProjectInlineConfiguration[] = [
  {
    test: {
      name: 'suite',
      include: ['test/**/*.test.ts'],
      exclude: ['**/node_modules/**', 'test/{browser,clients,container,faults,system}/**'],
      globalSetup: REAL_PARTS,
      // Files share what they import, which would take longer to load for each than its tests do; they share no data.
      isolate: false,
      sequence: RANDOM_ORDER,
      testTimeout: 60_000,
      hookTimeout: 120_000,
    },
  },
  {
    // The demo and the production process as a person starts them.
    test: {
      name: 'system',
      include: ['test/system/**/*.test.ts'],
      globalSetup: REAL_PARTS,
      fileParallelism: false,
      testTimeout: 180_000,
      hookTimeout: 180_000,
    },
  },
  {
    // Several processes of the built service behind real balancers, while parts of it fail.
    test: {
      name: 'faults',
      include: ['test/faults/**/*.test.ts'],
      globalSetup: [REAL_PARTS, 'test/faults/build.ts'],
      fileParallelism: false,
      testTimeout: 240_000,
      hookTimeout: 180_000,
    },
  },
  {
    // The image, run for real, and the files that deploy it. `.ci/image` builds it and names it in FLOWPOS_IMAGE.
    test: {
      name: 'container',
      include: ['test/container/**/*.test.ts'],
      fileParallelism: false,
      testTimeout: 180_000,
      hookTimeout: 240_000,
    },
  },
  {
    // Published clients against the service, as child processes; their packages are those of test/clients.
    test: {
      name: 'clients',
      include: ['test/clients/**/*.test.ts'],
      globalSetup: ['test/clients/install.ts', REAL_PARTS],
      testTimeout: 120_000,
      hookTimeout: 120_000,
    },
  },
  {
    // The AI Assistant page and the pages of OAuth in a real Chromium.
    test: {
      name: 'browser',
      include: ['test/browser/**/*.test.ts'],
      globalSetup: REAL_PARTS,
      testTimeout: 60_000,
      hookTimeout: 60_000,
    },
  },
  {
    // The reports against a published data set that the reader downloads.
    test: {
      name: 'reference',
      include: ['test/reference/**/*.reference.ts'],
      globalSetup: REAL_PARTS,
      testTimeout: 120_000,
      hookTimeout: 120_000,
    },
  },
]

// `vitest run FILE` looks in the suite, as `--project suite` would; `--project NAME` takes its place.
const test = { project: 'suite', projects, sequence: RANDOM_ORDER }

export default defineConfig({ test })
