import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';

const TESTS = join(import.meta.dirname, '../..');

it('a property tries few cases, and new ones for a time only', () => {
  expect(fc.readConfigureGlobal()).toMatchObject({ numRuns: 100, interruptAfterTimeLimit: 20_000 });
});

it('no property asks for so many cases that they take minutes, and those of real programs have a time, too', () => {
  const files = readdirSync(TESTS, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.test.ts'),
  );
  const properties = files.flatMap((name) => {
    const text = readFileSync(join(TESTS, name), 'utf8');
    return text.includes('fc.assert(') ? [{ name, text }] : [];
  });
  expect(properties.length).toBeGreaterThan(20);
  for (const { name, text } of properties) {
    for (const [, runs] of text.matchAll(/\bnumRuns: ([\d_]+)/g))
      expect(Number(runs?.replaceAll('_', '')), name).toBeLessThanOrEqual(5000);
    if (!/^(?:unit|golden)\//.test(name)) expect(text, name).toContain('interruptAfterTimeLimit');
  }
});
