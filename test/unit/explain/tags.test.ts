import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { TAGS } from '../../../src/explain/tags';

const SOURCE = join(__dirname, '../../../src/explain');

it('each finding has a name that can be asked for, and a page of that name', () => {
  const pages = readdirSync(join(__dirname, '../../../media/findings')).map((page) =>
    page.replace(/\.md$/, ''),
  );
  expect([...TAGS]).toEqual(pages.sort());
  const rules = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  const named = rules.flatMap((file) =>
    [...readFileSync(join(SOURCE, file), 'utf8').matchAll(/\btag: '([a-z-]+)'/g)].map(([, tag]) => tag),
  );
  expect(named.length).toBeGreaterThan(20);
  for (const tag of named) expect(TAGS).toContain(tag);
});
