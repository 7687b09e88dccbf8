import { describe, expect, it } from 'vitest';
import { chromeTrace } from '../../../src/inspect/exports/chromeTrace';
import { collapsedStacks } from '../../../src/inspect/exports/collapsedStacks';
import { differenceText } from '../../../src/inspect/exports/difference';
import { openMetrics } from '../../../src/inspect/exports/openMetrics';
import { requestsCsv } from '../../../src/inspect/exports/requestsCsv';
import { measured } from '../../../src/inspect/measure';
import { UserError } from '../../../src/model/errors';
import type { Finding, Request, Ring, Sample } from '../../../src/model/sample';
import { sampleOf, stackOf, taskOf } from '../samples';

const RING: Ring = {
  id: 1,
  fd: 3,
  owner: 7,
  setup: [],
  readable: true,
  sqHead: 120,
  cqTail: 100,
  cqHead: 98,
  inFlight: 20,
};
const STUCK: Finding = {
  tag: 'stuck-on-resource',
  severity: 'critical',
  summary: '20 reads wait, 31 s so far.',
  explanation: '',
  remedy: '',
  evidence: [],
  stuck: 20,
};

function request(more: Partial<Request> = {}): Request {
  return {
    ring: 1,
    operation: 'READ',
    fd: 4,
    state: 'issued',
    certainty: 'certain',
    sources: ['kernel walk'],
    ...more,
  };
}

describe('OpenMetrics', () => {
  const text = openMetrics([
    {
      sample: sampleOf({
        rings: [RING],
        requests: [request({ age: 31 }), request({ state: 'polling' })],
        findings: [STUCK],
      }),
      cost: 0.004,
      probe: 1.5,
    },
  ]);

  it('has a family for each number, with its ring and process, and an end', () => {
    const labels = 'host="db1",pid="7",process="server"';
    for (const line of [
      '# TYPE io_uring_in_flight gauge',
      `io_uring_in_flight{${labels},ring="1",fd="3"} 20`,
      `io_uring_requests{${labels},ring="1",state="polling"} 1`,
      '# TYPE io_uring_submitted counter',
      `io_uring_submitted_total{${labels},ring="1",fd="3"} 120`,
      `io_uring_unreaped{${labels},ring="1",fd="3"} 2`,
      `io_uring_oldest_pending_seconds{${labels}} 31`,
      `io_uring_stuck_requests{${labels}} 20`,
      `io_uring_findings{${labels},tag="stuck-on-resource",severity="critical"} 1`,
      `io_uring_look_seconds{${labels}} 0.004`,
      `io_uring_probe_cpu_seconds_total{${labels}} 1.5`,
    ])
      expect(text.split('\n')).toContain(line);
    expect(text.endsWith('# EOF\n')).toBe(true);
  });

  it('lets no name of the target forge a line', () => {
    const { process } = sampleOf();
    const hostile = sampleOf({ process: { ...process, name: 'x"} 1\nfake 2\\' }, rings: [RING] });
    const lines = openMetrics([{ sample: hostile }]).split('\n');
    expect(lines.filter((line) => line.startsWith('fake'))).toEqual([]);
    for (const line of lines.filter((one) => one !== '' && !one.startsWith('#')))
      expect(line).toMatch(/^io_uring_\w+\{(\w+="(\\.|[^"\\\n])*",?)+\} [\d.]+$/);
  });
});

describe('the requests as CSV', () => {
  it('have a row each, quoted where needed, and no formula', () => {
    const path = '=cmd|"/c calc",x';
    const [head, row, end] = requestsCsv(
      sampleOf({ requests: [request({ path, flags: ['ASYNC', 'IO_LINK'], userData: '0x11', seen: 3 })] }),
    ).split('\r\n');
    expect(head).toMatch(/^ring,operation,state,stage,age,seen,/);
    expect(row).toBe(
      '1,READ,issued,,,3,4,,"\'=cmd|""/c calc"",x",,,0x11,ASYNC IO_LINK,,,,,certain,kernel walk,,,',
    );
    expect(row?.replaceAll(/"(?:[^"]|"")*"/g, '').split(',')).toHaveLength(head?.split(',').length ?? 0);
    expect(end).toBe('');
  });
});

describe('collapsed stacks', () => {
  it('have the user’s frames, the kernel’s and who waits for a request', () => {
    const frame = (name: string) => ({ function: name, address: '0x1', trust: 'proven' as const });
    const text = collapsedStacks(
      sampleOf({
        tasks: [
          taskOf({
            userStack: [frame('pread'), frame('ns::load;x')],
            kernelStack: stackOf('wait', 'vfs_read'),
          }),
          taskOf({ tid: 8, kind: 'worker', kernelStack: stackOf('wait') }),
          taskOf({ tid: 9, kind: 'worker', kernelStack: stackOf('wait') }),
        ],
        requests: [
          request({
            origin: [
              { kind: 'coroutine', function: 'read_header' },
              { kind: 'coroutine', function: 'serve' },
            ],
          }),
          request({
            origin: [
              { kind: 'recorded', function: 'submit' },
              { kind: 'recorded', function: 'main' },
              { kind: 'callback', function: 'done' },
            ],
          }),
        ],
      }),
    );
    expect(text.split('\n').sort()).toEqual([
      '',
      'server;main;submit;[READ pending] 1',
      'server;serve;read_header;[READ pending] 1',
      'server;server;ns::load:x;pread;vfs_read_[k];wait_[k] 1',
      'server;worker;wait_[k] 2',
    ]);
  });
});

describe('a Chrome trace', () => {
  it('has slices as long as requests have waited, and counters over time', () => {
    const sample = sampleOf({ rings: [RING], requests: [request({ age: 2 })] });
    const { traceEvents } = JSON.parse(chromeTrace(sample, [measured(sample)])) as {
      traceEvents: { name: string; ph: string; ts: number; dur?: number; args?: object }[];
    };
    const slice = traceEvents.find(({ ph }) => ph === 'X');
    expect(slice).toMatchObject({ dur: 2e6, ts: Date.parse(sample.takenAt) * 1000 - 2e6 });
    expect(traceEvents).toContainEqual(
      expect.objectContaining({ ph: 'C', name: 'ring 1: in flight', args: { requests: 20 } }),
    );
  });
});

describe('the difference of two Samples', () => {
  const first = sampleOf({
    rings: [RING],
    requests: [request({ userData: '0x1' }), request({ userData: '0x2' })],
    findings: [STUCK],
  });
  const later = (parts: Partial<Sample>): Sample => ({
    ...first,
    takenAt: new Date(Date.parse(first.takenAt) + 10_000).toISOString(),
    ...parts,
  });

  it('says what moved, what stands still and what is new', () => {
    const second = later({
      rings: [
        { ...RING, sqHead: 220, cqTail: 100, inFlight: 120 },
        { ...RING, id: 2, fd: 9, inFlight: 0 },
      ],
      requests: [request({ userData: '0x1', seen: 10 }), request({ userData: '0x3' })],
      findings: [
        { ...STUCK, summary: '120 reads wait, 41 s so far.' },
        { ...STUCK, tag: 'cq-overflow', severity: 'warning', summary: 'Overflow.' },
      ],
      tasks: [taskOf({ state: 'D' }), taskOf({ tid: 12, name: 'iou-wrk-7', kind: 'worker' })],
    });
    const text = differenceText(second, first);
    for (const line of [
      'server (7), 10 s later',
      '= critical: 120 reads wait, 41 s so far.',
      '+ warning: Overflow.',
      '  ring 1 (fd 3): 100 submitted (10/s), 0 completed, in flight 20 → 120',
      '+ ring 2 (fd 9) is new, 0 in flight',
      '= 1 request still pending',
      '+ 1 request new',
      '- 1 request no longer pending',
    ])
      expect(text.split('\n')).toContain(line);
    expect(text).toContain('over 10 s');
    expect(text).toContain('iou-wrk-7 (12)');
  });

  it('refuses Samples of two processes', () => {
    const other = later({ process: { ...first.process, startTime: 4711 } });
    expect(() => differenceText(first, other)).toThrow(UserError);
  });
});
