import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pageOf, TAGS } from '../../../src/explain/pages';

const root = join(import.meta.dirname, '../../..');
const folder = join(root, 'media/findings');
const pages = readdirSync(folder).sort();
const rules = join(root, 'src/explain/rules');
const source = readdirSync(rules)
  .map((name) => readFileSync(join(rules, name), 'utf8'))
  .join('\n');

/** Every literal that a rule gives as the tag of a finding, not those by which rules are named. */
const written = new Set<string>();
for (const [, value = ''] of source.matchAll(/^.{3,}\btag: ([^\n]*?)(?:,$|, \w+:)/gm))
  for (const [, tag = ''] of value.matchAll(/'([a-z-]+)'/g)) written.add(tag);
const byCause = /const TAGS: .*? = \{(.*?)\};/s.exec(source)?.[1] ?? '';
for (const [, tag = ''] of byCause.matchAll(/: '([a-z-]+)'/g)) written.add(tag);

describe('the pages of the findings', () => {
  it('are one for every tag that a rule gives', () => {
    expect(written.size).toBeGreaterThan(10);
    expect([...written].sort()).toEqual([...TAGS].sort());
    expect(pages).toEqual([...TAGS].sort().map((tag) => `${tag}.md`));
  });

  it.each(pages)('%s says what it means, how it is known and what to do', (page) => {
    const text = readFileSync(join(folder, page), 'utf8');
    expect(text).toMatch(/^# \S.*\n/);
    const headings = [...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);
    expect(headings).toEqual(['What it means', 'How we know', 'What to do', 'What it looks like']);
    for (const part of text.split(/^## .*$/m).slice(1)) expect(part.trim().length).toBeGreaterThan(30);
    for (const [, link = ''] of text.matchAll(/\]\(([^)]+)\)/g)) expect(pages).toContain(link);
  });

  it('are found by a tag of ours alone', () => {
    expect(pageOf('at-rest')).toBe('findings/at-rest.md');
    expect(pageOf('../../etc/passwd')).toBeUndefined();
    expect(pageOf('toString')).toBeUndefined();
    expect(pageOf(7)).toBeUndefined();
  });
});
