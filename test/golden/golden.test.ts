import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reportText } from '../../src/explain/report';
import { look } from '../../src/inspect/look';
import { UserError } from '../../src/model/errors';
import type { Finding, Sample, Severity } from '../../src/model/sample';
import { openDirectory } from '../../src/target/directory';
import { EXPECTED } from './expected';
import { readTree, unpackTree } from './tree';

const CASES = join(__dirname, 'cases');
const REWRITE = process.env['UPDATE_GOLDEN'] === '1';

/** What a reviewer reads: the cause, known when the case was recorded, above what the inspector says. */
async function answer(name: string, folder: string): Promise<{ text: string; samples: Sample[] }> {
  const files = readTree(readFileSync(join(CASES, name, 'tree.txt'), 'utf8'));
  unpackTree(files, folder);
  const meta = files.find((file) => file.path === 'meta')?.content.toString() ?? '';
  const pids = (/^pids: (.*)$/m.exec(meta)?.[1] ?? '').split(' ').map(Number);
  const samples: Sample[] = [];
  const parts = [`should say: ${/^verdict: (.*)$/m.exec(meta)?.[1] ?? '?'}`];
  for (const pid of pids) {
    try {
      const seen = await look(openDirectory(folder), pid);
      // A capture that does not say when it was made is taken to be of now.
      const sample = /^date: /m.test(meta) ? seen : { ...seen, takenAt: '1970-01-01T00:00:00.000Z' };
      samples.push(sample);
      parts.push(reportText(sample, { width: 110 }).trimEnd());
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      parts.push(`${error.code}: ${error.what} ${error.why}`.replaceAll(folder, 'DIR'));
    }
  }
  return { text: `${parts.join('\n\n')}\n`, samples };
}

describe('a recorded process is explained as it was', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'golden-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const names = readdirSync(CASES).sort();

  it('has an expectation for every case, and a case for every expectation', () => {
    expect(names).toEqual(Object.keys(EXPECTED).sort());
  });

  it.each(names)('%s', async (name) => {
    const { text, samples } = await answer(name, join(folder, name));
    const place = join(CASES, name, 'expected.txt');
    if (REWRITE) writeFileSync(place, text);
    expect(text).toBe(readFileSync(place, 'utf8'));
    const expected = EXPECTED[name];
    if (!expected) throw new Error(`no expectation for ${name}`);
    const [severity, ...words] = expected;
    const [first] = samples;
    if (severity === 'none') return expect(first).toBeUndefined();
    // Of a program of several processes one has the answer.
    const answers = samples.flatMap(({ findings: [finding] }) => finding ?? []);
    const holds = ({ summary }: Finding) =>
      words.every((word) => summary.toLowerCase().includes(word.toLowerCase()));
    const finding = answers.find(holds) ?? answers[0];
    expect(finding?.severity satisfies Severity | undefined).toBe(severity);
    for (const word of words) expect(finding?.summary.toLowerCase()).toContain(word.toLowerCase());
  });
});
