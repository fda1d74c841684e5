import { defineConfig } from 'vitest/config'

// Unit tests and everything that runs in place belong to `unit`; whatever starts dist/ as a process
// belongs to `e2e`, which is built first and runs file after file, since the machine has few cores.
const report = process.env['POSTERN_TEST_REPORT']

export default defineConfig({
  test: {
    // The machine-readable report is what .ci/run counts in its closing line.
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'src/**/*.test.ts',
            'bench/**/*.test.ts',
            'dashboard/**/*.test.ts',
            'test/contract/**/*.test.ts',
            'test/golden/**/*.test.ts',
            'test/fuzz/**/*.test.ts',
            'test/types/**/*.test.ts',
            'test/clients-page.test.ts',
            'test/conformance-cases.test.ts',
            'test/tidy.test.ts',
          ],
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: [
            'test/e2e/**/*.test.ts',
            'test/failure/**/*.test.ts',
            'test/interop/**/*.test.ts',
            'test/examples.test.ts',
            'test/packaging.test.ts',
          ],
          fileParallelism: false,
          // Continuous integration shares its machine: one more try for what starts processes. The
          // report names every test that needed it.
          retry: process.env['CI'] === undefined ? 0 : 1,
          testTimeout: 120_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
})
