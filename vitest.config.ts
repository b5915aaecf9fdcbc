import { defineConfig } from 'vitest/config';
import { MEASURING_FILES } from './test/lab/measuring.ts';

const NAMESPACE_TESTS = 'test/**/*.ns.test.ts';
const NATIVE_TESTS = 'test/unit/native/**/*.test.ts';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          exclude: [NAMESPACE_TESTS, NATIVE_TESTS],
        },
      },
      {
        test: {
          name: 'view',
          include: ['test/view/**/*.test.tsx'],
          environment: 'jsdom',
          setupFiles: ['test/view/stub-browser.ts'],
          css: { modules: { classNameStrategy: 'non-scoped' } },
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/e2e/**/*.browser.test.ts'],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'browser-lab',
          include: ['test/e2e/**/*.lab.test.ts'],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'sim',
          include: ['test/sim/**/*.test.ts'],
          // Virtual time is free, real time is not: thousands of seeds keep a core busy for a while.
          testTimeout: 180_000,
        },
      },
      {
        test: {
          name: 'native',
          include: [NATIVE_TESTS],
          exclude: [NAMESPACE_TESTS],
          // The arena exists once per process, so each file needs a process of its own.
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'platform-ns',
          include: [NAMESPACE_TESTS],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'lab',
          include: ['test/lab/**/*.lab.test.ts'],
          exclude: [...MEASURING_FILES],
          pool: 'forks',
          // They wait for kernels and timers most of the time. Three at a time would wait for the processor instead.
          maxWorkers: 2,
          // Vitest takes projects of one group for equally wide.
          sequence: { groupOrder: 1 },
          testTimeout: 300_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'lab-alone',
          include: [...MEASURING_FILES],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
