import { defineConfig } from 'vitest/config'

/** The reports against a published data set, which the reader downloads: not named *.test.ts, so `npm test` leaves it. */
export default defineConfig({
  test: {
    include: ['test/reference/*.reference.ts'],
    globalSetup: 'test/support/global-setup.ts',
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})
