import { defineConfig } from 'vitest/config';

// unit: no I/O · integration: worker and commands on embedded servers, so nothing but Node is needed · long: more of these, which kill
// processes or wait for time limits · embedded: the embedded servers themselves, killed and damaged · real: the contract suites on
// servers that apt installs. `npm test` runs the first two, in less than 5 minutes.
// Once more in CI, where neighbours may hold up a process that is to die or to answer in time; what is wrong fails twice.
const longRun = { testTimeout: 60_000, hookTimeout: 60_000, retry: process.env.CI ? 1 : 0 };

// CI adds up the reports of several runs; see scripts/totals.mjs.
const report = process.env.VITEST_REPORT;

export default defineConfig({
  test: {
    ...(report ? { reporters: ['default', 'json'], outputFile: { json: report } } : {}),
    projects: [
      {
        test: {
          name: 'unit',
          include: ['tests/unit/**/*.test.ts'],
          isolate: false,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['tests/{contract,integration,e2e}/**/*.test.ts'],
          exclude: ['tests/**/*.{long,real}.test.ts', 'tests/integration/embedded/**'],
          globalSetup: ['tests/helpers/embedded-setup.ts'],
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          ...longRun,
        },
      },
      {
        test: {
          name: 'long',
          include: ['tests/**/*.long.test.ts'],
          globalSetup: ['tests/helpers/embedded-setup.ts'],
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
          ...longRun,
        },
      },
      {
        test: {
          name: 'embedded',
          include: ['tests/integration/embedded/**/*.test.ts'],
          maxWorkers: 2,
          sequence: { groupOrder: 3 },
          ...longRun,
        },
      },
      {
        test: {
          name: 'real',
          include: ['tests/**/*.real.test.ts'],
          globalSetup: ['tests/helpers/real-setup.ts'],
          // Most of them wait for locks and bounds to run out.
          maxWorkers: 3,
          sequence: { groupOrder: 4 },
          ...longRun,
        },
      },
    ],
  },
});
