import { defineConfig } from 'vitest/config';

const project = (name: string, testTimeout: number) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout, hookTimeout: 60_000 },
});

export default defineConfig({
  test: {
    projects: [project('unit', 20_000), project('golden', 30_000), project('real', 60_000)],
    coverage: { provider: 'v8', include: ['src/**/*.ts'] },
  },
});
