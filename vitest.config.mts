import { defineConfig } from 'vitest/config';

const project = (name: string, testTimeout: number) => ({
  // A program on a loaded machine may get ready too late once; what fails twice has failed.
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout,
    hookTimeout: 60_000,
    retry: name === 'real' || name === 'kernels' ? 1 : 0,
    // Its files use the same machines, one after the other.
    ...(name === 'kernels' ? { fileParallelism: false, isolate: false } : {}),
  },
});

export default defineConfig({
  test: {
    projects: [
      project('unit', 20_000),
      project('golden', 30_000),
      project('real', 60_000),
      project('kernels', 180_000),
    ],
    coverage: { provider: 'v8', include: ['src/**/*.ts'] },
  },
});
