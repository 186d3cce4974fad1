import { defineConfig } from 'vitest/config';

/**
 * Three projects: `unit` (beside the source, the inner loop), `system` (real processes, servers, faults, foreign programs) and
 * `e2e` (the main job itself). `npm test` runs all three; a missing tool fails, nothing is skipped.
 */
export default defineConfig({
  test: {
    // Most of these tests wait for processes and disks: three of them leave two cores idle a fifth of the time.
    maxWorkers: 4,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['packages/**/*.test.ts', 'services/**/*.test.ts', 'deploy/**/*.test.ts', 'test/{vectors,fuzz}/**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/dist/**', '**/*.system.test.ts'],
          testTimeout: 240_000,
          hookTimeout: 240_000,
        },
      },
      {
        test: {
          name: 'system',
          include: [
            'packages/**/*.system.test.ts',
            'services/**/*.system.test.ts',
            'test/{conformance,integration,adversarial,corpus,faults}/**/*.test.ts',
          ],
          exclude: ['**/node_modules/**', '**/dist/**'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      { test: { name: 'e2e', include: ['test/e2e/**/*.test.ts'], testTimeout: 900_000, hookTimeout: 900_000 } },
    ],
  },
});
