import { defineConfig } from 'vitest/config'

/** Published clients against the service, as child processes; their packages are those of test/clients. */
export default defineConfig({
  test: {
    include: ['test/clients/*.test.ts'],
    globalSetup: ['test/clients/install.ts', 'test/support/global-setup.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})
