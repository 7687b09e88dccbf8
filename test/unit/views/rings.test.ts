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

  it('shows what is registered, and leads to what is open in a slot', () => {
    const own = ring(1, {
      registeredFiles: 4,
      registeredBuffers: 1,
      fileSlots: [
        { index: 0, fd: 6 },
        { index: 3, direct: true, kind: 'socket', name: 'socket:[77]' },
      ],
      bufferSlots: [{ index: 0, address: '0x7f00', length: 1, pieces: 1, pieceSize: 4096, cloned: true }],
      bufferGroups: [{ id: 9, kind: 'ring', entries: 4, head: 4, tail: 4, left: 0 }],
    });
    const {
      fd: _fd,
      path: _path,
      ...fixed
    } = read({
      fixedFile: 3,
      operands: [
        { name: 'buffer', value: 'registered buffer 0' },
        { name: 'buffer group', value: '9' },
      ],
    });
    const rows = children(
      below(children(below(rowsOf(stuck({ rings: [own], requests: [fixed] })), 'Rings')), 'ring 1'),
    );
    expect(below(rows, 'Registered files (4)').description).toBe('2 in use');
    const files = children(below(rows, 'Registered files (4)'));
    expect(files.map(({ label }) => label)).toEqual([
      '[0]  /mnt/data/db · fd 6',
      '[3]  socket:[77] · no descriptor',
    ]);
    expect(children(files[0])[0]?.label).toBe('fd 6  /mnt/data/db');
    expect(files[1]?.children).toBeUndefined();
    expect(children(below(rows, 'Registered buffers (1)'))[0]?.label).toBe(
      '[0]  1 byte at 0x7f00 · pinned as 1 piece of up to 4,096 bytes · cloned',
    );
    expect(children(below(rows, 'Buffer groups (1)'))[0]?.description).toBe(
      'ring of 4, none left · head 4, tail 4',
    );
    const request = below(rows, 'READ');
    expect(request.label).toBe('READ registered file 3 (socket:[77])');
    expect(below(children(request), 'buffer').description).toMatch(/^registered buffer 0 \(1 byte at 0x7f00/);
    expect(below(children(request), 'buffer group').description).toBe('9 (ring of 4, none left)');
  });

  it('has no row for what is not registered, and tells a table without a list', () => {
    const labels = (more: Parameters<typeof ring>[1]) =>
      children(below(children(below(rowsOf(stuck({ rings: [ring(1, more)] })), 'Rings')), 'ring 1'))
        .filter(({ label }) => label.startsWith('Registered'))
        .map(({ label, description, children: rows }) => [label, description, rows === undefined]);
    expect(labels({ registeredFiles: 0, registeredBuffers: 0 })).toEqual([]);
    expect(labels({ registeredFiles: 2, registeredBuffers: 5, bufferSlots: [] })).toEqual([
      ['Registered files (2)', 'not listed in this Sample', true],
      ['Registered buffers (5)', 'none in use', true],
    ]);
  });
});
