import { describe, expect, it } from 'vitest';
import type { ProcessSummary } from '../../../src/model/process';
import { processRows } from '../../../src/views/processRows';

const process = (more: Partial<ProcessSummary> = {}): ProcessSummary => ({
  pid: 4242,
  name: 'server',
  command: ['./server', '-p', '80'],
  state: 'S',
  uninterruptible: 8,
  pending: 100,
  rings: 1,
  score: 10,
  reason: '8 workers in D for 31 s',
  ...more,
});

describe('the process picker', () => {
  it('says of each process once why it is listed, whose it is and how it was started', () => {
    expect(processRows([process()], '', false)[0]).toEqual({
      label: 'server',
      description: 'PID 4242 · 8 workers in D for 31 s',
      detail: './server -p 80',
      choice: { pid: 4242 },
    });
    expect(processRows([process({ user: 'db' })], '', false)[0]?.description).toMatch(/ · db$/);
  });

  it('says in which container a process is, and what it is called there', () => {
    const description = (more: Partial<ProcessSummary>) =>
      processRows([process(more)], '', false)[0]?.description;
    const container = 'docker 0123456789ab';
    expect(description({ container })).toBe('PID 4242 · in docker 0123456789ab · 8 workers in D for 31 s');
    expect(description({ container, namespacePids: [4242, 17] })).toContain(' · 17 in docker 0123456789ab ·');
  });

  it('gives processes of one name one label: by it the editor sorts while somebody types', () => {
    const rows = processRows([process({ pid: 9 }), process({ pid: 3 })], 'ser', true);
    expect(new Set(rows.map(({ label }) => label))).toEqual(new Set(['server']));
  });

  it('keeps the order it was given and ends with a way to all processes', () => {
    const rows = processRows([process({ pid: 9 }), process({ pid: 3 })], '', false);
    expect(rows.map(({ choice }) => choice)).toEqual([{ pid: 9 }, { pid: 3 }, 'show all']);
    expect(rows.at(-1)?.alwaysShow).toBe(true);
    expect(processRows([process()], '', true).map(({ choice }) => choice)).toEqual([{ pid: 4242 }]);
  });

  it('offers a pid that is typed and not in the list', () => {
    const labels = (typed: string) => processRows([process()], typed, true).map(({ label }) => label);
    expect(labels('77')).toEqual(['server', 'Inspect PID 77']);
    expect(labels(' 4242 ')).toEqual(['server']);
    for (const typed of ['', '0', '-1', '7x', '1.5', '99999999', '0x10'])
      expect(labels(typed)).toHaveLength(1);
  });

  it('says so when there is nothing to pick', () => {
    expect(processRows([], '', false)[0]?.detail).toMatch(/^No process/);
  });

  it('shows hostile names harmless and short', () => {
    const name = 'a\nb\u001b[2J $(alert)';
    const [row] = processRows([process({ name, command: [name, 'x'.repeat(1_000_000)] })], '', false);
    expect(row?.label).toContain('a\\x0ab\\x1b[2J');
    expect(JSON.stringify(row)).not.toMatch(/\$\(|\\n|\\u001b/);
    expect(JSON.stringify(row).length).toBeLessThan(1000);
  });
});
