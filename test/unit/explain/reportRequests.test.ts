import { describe, expect, it } from 'vitest';
import { reportText } from '../../../src/explain/report';
import type { Request, Sample } from '../../../src/model/sample';
import { exact, listed, ring } from '../views/samples';

/** The part of the report that is about rings. */
function ringsPart(sample: Sample, options: Parameters<typeof reportText>[1] = {}): string {
  const text = reportText(sample, { width: 110, ...options });
  return text.split('\n\n').find((part) => part.startsWith('Rings')) ?? '';
}

const many = (count: number, more: (n: number) => Partial<Request> = () => ({})) =>
  Array.from({ length: count }, (_, n) => exact({ userData: `0x${n.toString(16)}`, ...more(n) }));

const withRequests = (requests: readonly Request[]): Sample =>
  listed({
    requests,
    workerPools: [],
    rings: [ring(1, { inFlight: requests.length, explained: requests.length })],
  });

describe('the requests of a report', () => {
  it('stand by state, what blocks first, equal ones folded, the first of them one by one', () => {
    expect(ringsPart(listed())).toMatchInlineSnapshot(`
      "Rings (1)
        ring 1 · fd 5 · 118 in flight · 106 listed · SQ 100/100 of 128, CQ 0/0 of 256
          8 running in workers: READ /mnt/data/db · 31 s
            4,096 bytes at 0 · user_data 0x0 · worker 4243 · 31 s
            4,096 bytes at 4,096 · user_data 0x1 · worker 4244 · 31 s
            4,096 bytes at 8,192 · user_data 0x2 · worker 4245 · 31 s
            4,096 bytes at 12,288 · user_data 0x3 · worker 4246 · 31 s
            4,096 bytes at 16,384 · user_data 0x4 · worker 4247 · 31 s
            and 3 more
          92 queued behind workers: READ /mnt/data/db · 31 s
            4,096 bytes at 32,768 · user_data 0x8 · 31 s
            4,096 bytes at 36,864 · user_data 0x9 · 31 s
            4,096 bytes at 40,960 · user_data 0xa · 31 s
            4,096 bytes at 45,056 · user_data 0xb · 31 s
            4,096 bytes at 49,152 · user_data 0xc · 31 s
            and 87 more
          1 waiting for readiness: RECV TCP 10.0.0.1:4711 → 10.0.0.2:80 · user_data 0x100
          1 waiting for a futex: FUTEX_WAIT · user_data 0x101
          2 timeouts: TIMEOUT · 1 should have fired 2 s ago · the next fires in 59 min 0 s
            fires in 59 min 0 s · user_data 0x102
            should have fired 2 s ago · user_data 0x103
          1 waiting behind a link: WRITE /mnt/data/db · user_data 0x104 · behind READ user_data 0x0
          1 held back by a drain: FSYNC /mnt/data/db · user_data 0x105
          1 prepared, not submitted: READ /mnt/data/db · user_data 0x106
          1 completed, not collected: result -5 · user_data 0x107
          1 completed, completion queue overflowed: result 0 · user_data 0x108
          12 more whose submission entry was overwritten
          From kernel walk and ring memory: 106 certain, 12 lost: their submission entry was overwritten
        io-wq of thread 4242: 8 of 8 bounded workers, 92 queued"
    `);
  });

  it('tell the code they belong to; that a user_data is a number only where everything is asked for', () => {
    const origin = [
      { kind: 'coroutine', function: 'read_header', file: '/src/coro.cpp', line: 35, found: 'user_data + 8' },
      { kind: 'coroutine', function: 'Connection::serve', file: '/src/coro.cpp', line: 45 },
    ] as const;
    const words = (sample: Sample, verbose = false) => ringsPart(sample, { verbose }).replace(/\s+/g, ' ');
    expect(words(withRequests(many(1, () => ({ origin }))))).toContain(
      'user_data 0x0 leads to the coroutine read_header(), suspended at coro.cpp:35, awaited by Connection::serve() at coro.cpp:45',
    );
    const index = { kind: 'number', function: '0, an index, not an address' } as const;
    const indexed = withRequests(many(1, () => ({ origin: [index] })));
    expect(words(indexed)).toContain('user_data 0x0');
    expect(words(indexed)).not.toContain('an index');
    expect(words(indexed, true)).toContain('user_data 0x0 is 0, an index, not an address');
  });

  it('are bounded, and what is left away is counted', () => {
    const text = ringsPart(withRequests(many(10_000)));
    expect(text).toContain('\n    10,000 running in workers: READ /mnt/data/db\n');
    expect(text).toContain('\n      and 9,995 more');
    expect(text.split('\n').length).toBeLessThan(12);
  });

  it('are more, and still bounded, with --verbose', () => {
    const text = ringsPart(withRequests(many(10_000)), { verbose: true });
    expect(text).toContain('and 9,900 more (--json lists all)');
    expect(text.split('\n').length).toBeLessThan(110);
  });

  it('of unlike files are bounded, too', () => {
    const text = ringsPart(withRequests(many(10_000, (n) => ({ path: `/data/${n}` }))));
    expect(text).toContain('and 9,990 more');
    expect(text.split('\n').length).toBeLessThan(30);
  });

  it('do not hide a single one behind a count', () => {
    expect(ringsPart(withRequests(many(6)))).toContain('user_data 0x5');
    expect(ringsPart(withRequests(many(7)))).toContain('and 2 more');
  });

  it('say what each one waits behind and may be', () => {
    const requests = [
      exact({ userData: '0x1', worker: 4243 }),
      exact({ operation: 'WRITE', userData: '0x2', state: 'linked', after: 0, certainty: 'ambiguous' }),
    ];
    expect(ringsPart(withRequests(requests))).toMatch(
      /1 waiting behind a link: WRITE .* · user_data 0x2 · behind READ user_data 0x1 · may have\s+finished already/,
    );
  });

  it('let no control character of the target through and forge no line', () => {
    const evil = '\u001b[2J\n    99 running in workers\r\u202e';
    const request = exact({
      operation: evil,
      path: evil,
      stage: evil,
      userData: evil,
      flags: [evil],
      operands: [{ name: evil, value: evil }],
      state: evil as Request['state'],
      sources: [evil as 'fdinfo'],
    });
    const text = ringsPart(withRequests([request, exact({ state: 'linked', after: 0 })]), { verbose: true });
    expect(text.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
    expect(text).not.toMatch(/^ +99 running/m);
  });

  it('of a Sample of 100,000 requests in 1,000 rings keep within some thousand lines', () => {
    const rings = Array.from({ length: 1000 }, (_, n) => ring(n + 1, { inFlight: 100, explained: 100 }));
    const requests = many(100_000, (n) => ({ ring: (n % 1000) + 1 }));
    const text = reportText(listed({ rings, requests }));
    expect(text.split('\n').length).toBeLessThan(1000);
    expect(text).toContain('… 968 more rings (--verbose lists them)');
  });
});
