import { defineConfig } from 'vitest/config'

/** The image, run for real, and the files that deploy it. `.ci/image` builds it and sets FLOWPOS_IMAGE. */
export default defineConfig({
  test: {
    include: ['test/container/*.test.ts'],
    testTimeout: 180_000,
    hookTimeout: 240_000,
    fileParallelism: false,
  },
})
