import { describe, expect, it } from 'vitest';
import type { Sample } from '../../../src/model/sample';
import { below, children, rowsOf } from './rows';
import { healthy, read, ring, stuck } from './samples';

describe('rings', () => {
  const description = (more: Parameters<typeof ring>[1]) =>
    below(children(below(rowsOf(stuck({ rings: [ring(1, more)] })), 'Rings')), 'ring 1').description;

  it('tells a busy ring from an empty one', () => {
    expect(description({ readable: false })).toBe('busy: the kernel printed no counters');
    expect(description({ inFlight: 0, explained: 0 })).toBe('0 in flight');
  });

  it('counts across the wrap of the 32-bit counters', () => {
    expect(description({ inFlight: 3, explained: 3, cqHead: 4_294_967_290, cqTail: 4 })).toBe(
      '3 in flight · 3 listed · 10 not collected',
    );
  });

  it('speaks of one request in the singular', () => {
    const rows = rowsOf(stuck({ rings: [ring(1, { inFlight: 9, explained: 8 })] }));
    const unlisted = below(children(below(children(below(rows, 'Rings')), 'ring 1')), '1 not listed');
    expect(unlisted.tooltip?.()).toContain('1 more request is in flight');
  });

  it('names the file that an armed request awaits when it can be only one', () => {
    const pipe = (fd: number) =>
      ({ fd, kind: 'pipe', end: 'read', peers: [{ pid: 7, name: 'log' }] }) as const;
    const { fd: _fd, path: _path, ...armed } = read({ state: 'polling', certainty: 'certain' });
    const request = (...resources: ReturnType<typeof pipe>[]) => {
      const sample = healthy({ requests: [armed], resources });
      return below(children(below(children(below(rowsOf(sample), 'Rings')), 'ring 1')), 'READ');
    };
    expect(request(pipe(8)).description).toBe(
      'waiting for readiness · the pipe at descriptor 8, whose writer is log (7)',
    );
    expect(request(pipe(8)).tooltip?.()).toMatch(/the only open file that fits/);
    expect(request(pipe(8), pipe(9)).description).toBe('waiting for readiness');
    expect(request(pipe(8), pipe(9)).tooltip?.()).not.toMatch(/only open file/);
  });

  it('names the file of carried requests that their finding names', () => {
    const sample = stuck();
    const { fd: _fd, path: _path, ...carried } = read({ worker: 4243, age: 31.2 });
    const row = (evidence: Sample['findings'][number]['evidence']) => {
      const findings = sample.findings.map((finding) => ({ ...finding, evidence }));
      const seen = stuck({ requests: [carried], findings });
      return below(children(below(children(below(rowsOf(seen), 'Rings')), 'ring 1')), 'READ').description;
    };
    expect(row([{ request: 0 }, { fd: 6 }])).toMatch(/^running in a worker · \/mnt\/data\/db · 31 s/);
    expect(row([{ request: 0 }, { fd: 6 }, { fd: 7 }])).toMatch(/^running in a worker · 31 s/);
    expect(row([{ task: 4243 }, { fd: 6 }])).toMatch(/^running in a worker · 31 s/);
  });

  it('keeps requests of no known ring', () => {
    const rows = rowsOf(stuck({ requests: [read({ ring: null })] }));
    const astray = below(children(below(rows, 'Rings')), 'Requests of a ring not known (1)');
    expect(children(astray)[0]?.label).toBe('READ /mnt/data/db');
  });
});
