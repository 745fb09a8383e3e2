import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [
      '**/node_modules/**',
      'test/browser/**',
      'test/clients/**',
      'test/container/**',
      'test/faults/**',
      'test/system/**',
    ],
    globalSetup: 'test/support/global-setup.ts',
    // Files share what they import, which would take longer to load for each than its tests do; they share no data.
    isolate: false,
    // Each test makes what it needs; the seed is printed, and --sequence.seed repeats the order.
    sequence: { shuffle: { tests: true } },
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})
