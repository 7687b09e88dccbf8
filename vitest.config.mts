import { defineConfig } from 'vitest/config';

/** Files of `real` that measure time, processors or the whole machine: one after the other, when the rest has ended. */
const ALONE = ['badInput', 'faults', 'harmless', 'soak'].map((name) => `test/real/${name}.test.ts`);

const project = (name: string, testTimeout: number) => ({
  name,
  include: [`test/${name}/**/*.test.ts`],
  testTimeout,
  hookTimeout: 60_000,
});

/** Of functions alone, which a process of its own for each file would cost more than the tests do. */
const pure = { isolate: false, maxWorkers: '100%', setupFiles: 'test/fuzzBounds.ts' };

/** On this machine. A program on a loaded machine may get ready too late once; what fails twice has failed. */
const real = {
  ...project('real', 120_000),
  retry: 1,
  globalSetup: 'test/real/support/sharedByFiles.ts',
};

export default defineConfig({
  test: {
    projects: [
      { test: { ...project('unit', 120_000), ...pure } },
      { test: { ...project('golden', 120_000), ...pure } },
      // Its tests wait more than half of their time: three files at a time keep two processors busy.
      { test: { ...real, exclude: ALONE, maxWorkers: 3, sequence: { groupOrder: 1 } } },
      {
        test: {
          ...real,
          name: 'real-alone',
          include: ALONE,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
      // Its files use the same machines, one after the other.
      {
        test: {
          ...project('kernels', 180_000),
          retry: 1,
          fileParallelism: false,
          isolate: false,
          sequence: { groupOrder: 3 },
        },
      },
    ],
    coverage: { provider: 'v8', include: ['src/**/*.ts'], reporter: ['json'], reportOnFailure: true },
  },
});
