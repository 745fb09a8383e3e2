import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'

const REAL_PARTS = 'test/support/global-setup.ts'

const projects: TestProjectInlineConfiguration[] = [
  {
    test: {
      name: 'suite',
      include: ['test/**/*.test.ts'],
      exclude: ['**/node_modules/**', 'test/{browser,clients,container,faults,system}/**'],
      globalSetup: REAL_PARTS,
      // Files share imported modules, because loading them takes longer than the tests of a file. They share no data.
      isolate: false,
      // Tests wait for timers and other processes half of the time, so that no core need be left to them.
      maxWorkers: '100%',
      testTimeout: 60_000,
      hookTimeout: 120_000,
    },
  },
  {
    // The demo and the production process, started as a person would.
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
    // The same hostile inputs as in the suite, 30 times as many.
    test: {
      name: 'hostile',
      include: ['test/hostile/**/*.test.ts'],
      globalSetup: REAL_PARTS,
      env: { HOSTILE_INPUTS: process.env.HOSTILE_INPUTS ?? '100000' },
      testTimeout: 120_000,
      hookTimeout: 120_000,
    },
  },
  {
    // Several processes of the built service behind real load balancers, while parts fail.
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
    // The real image, and the files that deploy it. `.ci/image` builds it and sets FLOWPOS_IMAGE to its name.
    test: {
      name: 'container',
      include: ['test/container/**/*.test.ts'],
      fileParallelism: false,
      testTimeout: 180_000,
      hookTimeout: 240_000,
    },
  },
  {
    // Published clients against the service, as child processes; their packages are in test/clients.
    test: {
      name: 'clients',
      include: ['test/clients/**/*.test.ts'],
      globalSetup: ['test/clients/install.ts', 'test/clients/pages.ts', REAL_PARTS],
      testTimeout: 120_000,
      hookTimeout: 120_000,
    },
  },
  {
    // The AI Assistant page and the pages of OAuth in a real Chromium, which published clients open, too.
    test: {
      name: 'browser',
      include: ['test/browser/**/*.test.ts'],
      globalSetup: ['test/clients/install.ts', REAL_PARTS],
      testTimeout: 120_000,
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

// `vitest run FILE` searches the suite, unless `--project NAME` says otherwise.
const test = { project: 'suite', projects }

export default defineConfig({ test })
