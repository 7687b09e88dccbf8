import { describe, expect, it } from 'vitest';
import { span, traceText } from '../../../src/explain/reportTrace';
import type { TraceSummary } from '../../../src/model/trace';

const latency = { count: 10, least: 1e-6, mean: 2e-6, p50: 2e-6, p90: 5e-6, p99: 1e-3, p999: 1e-3, most: 2 };
const TRACE: TraceSummary = {
  seconds: 5,
  submitted: 12_000,
  completed: 11_999,
  pending: 1,
  unseenSubmits: 2,
  unseenCompletions: 0,
  lost: { events: 7000, stacks: 1 },
  overflowed: 0,
  operations: [
    {
      operation: 'READ',
      fd: 4,
      completed: 10,
      errors: { EIO: 3 },
      punted: 5,
      pollArmed: 0,
      deferred: 0,
      latency,
    },
    { operation: 'not seen', completed: 2, errors: {}, punted: 0, pollArmed: 0, deferred: 0 },
  ],
  slowest: [
    {
      operation: 'READ',
      userData: '0x10',
      fd: 4,
      submitter: 7,
      submittedAt: 1,
      took: 2,
      result: 'EIO',
      punted: 1e-5,
      stack: [
        { function: 'syscall', address: '0x1', trust: 'proven', binary: '/usr/lib/libc.so.6' },
        { function: 'load', file: '/src/store.c', line: 12, address: '0x2', trust: 'proven' },
      ],
      stackNote: 'ends here: it is very deep',
    },
  ],
  oldest: [],
  notTraced: ['events of the kind \u001b[31mdefer'],
};

describe('what was traced', () => {
  it('is told with what is to be doubted of it, and in the words of the program', () => {
    const text = traceText(TRACE, [{ fd: 4, kind: 'file', path: '/data/\u001b[2Jdb' }]);
    expect(text.split('\n').map((line) => line.trimEnd())).toEqual([
      'Traced for 5 s: 12,000 submitted (2,400/s), 11,999 completed, 1 pending, 50 % went to io-wq workers',
      '  7,000 events were lost: the counts are of the others',
      '  1 stack of submits lost or not kept',
      '  2 completions of requests whose submit was not seen',
      '  not traced: events of the kind \\x1b[31mdefer',
      '',
      'operation  completed   p50   p90   p99  most  io-wq  polls  errors and file',
      'READ              10  2 µs  5 µs  1 ms   2 s      5      0  3 × EIO · fd 4 /data/\\x1b[2Jdb',
      'not seen           2                              0      0',
      '',
      'Slowest:',
      '  2 s  READ · to a worker after 10 µs · result EIO · fd 4 /data/\\x1b[2Jdb · user_data 0x10',
      '      load() at store.c:12',
      '      the stack ends here: it is very deep',
      '',
    ]);
  });

  it('says how requests are submitted and completions taken', () => {
    const reaping = [
      { ringFd: 5, looks: 50, filled: 40, seconds: 5, collected: 1000, held: 8, most: 64 },
      { ringFd: 6, looks: 50, filled: 40, seconds: 5, collected: 0, held: 8, most: 64 },
    ];
    const lines = (parts: Partial<TraceSummary>) => traceText({ ...TRACE, ...parts }).split('\n');
    expect(lines({ systemCalls: 6000, reaping }).slice(1, 3)).toEqual([
      '  1,200 io_uring_enter/s beside 2,400 submissions/s, 2.0 with each',
      '  completions lie in the ring at fd 5 for 40 ms on average, 64 of them at the most',
    ]);
    expect(lines({ systemCalls: 0, polledSubmits: 12_000 })[1]).toBe(
      '  0 io_uring_enter/s beside 2,400 submissions/s, 2,400/s of them taken up by SQPOLL threads',
    );
  });

  it('has times that can be read', () => {
    expect([2.5e-8, 9.4e-7, 1.234e-6, 0.00099999, 0.0512, 1.5, 61].map(span)).toEqual([
      '25 ns',
      '940 ns',
      '1.23 µs',
      '1 ms',
      '51.2 ms',
      '1.5 s',
      '61 s',
    ]);
  });
});
