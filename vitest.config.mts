import { defineConfig } from 'vitest/config';

const project = (name: string, testTimeout: number) => ({
  // A program that spins on a loaded machine may get ready too late once; what fails twice has failed.
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout,
    hookTimeout: 60_000,
    retry: name === 'real' ? 1 : 0,
    // Each of its files has a whole machine to itself.
    ...(name === 'kernels' ? { fileParallelism: false } : {}),
  },
});

export default defineConfig({
  test: {
    projects: [
      project('unit', 20_000),
      project('golden', 30_000),
      project('real', 60_000),
      project('kernels', 120_000),
    ],
    coverage: { provider: 'v8', include: ['src/**/*.ts'] },
  },
});
