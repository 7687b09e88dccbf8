import { describe, expect, it } from 'vitest';
import type { HostId } from '../../../src/inspect/hostId';
import type { Inspected } from '../../../src/inspect/inspections';
import type { Finding, Severity } from '../../../src/model/sample';
import { answer, statusText, stuckInAll } from '../../../src/views/answer';
import { rootNodes } from '../../../src/views/nodes';
import { children } from './rows';
import { healthy, live, ring } from './samples';

const finding = (severity: Severity, stuck?: number): Finding => ({
  tag: severity,
  severity,
  summary: `${severity} ${stuck ?? ''}`.trim(),
  explanation: '',
  remedy: '',
  evidence: [],
  ...(stuck === undefined ? {} : { stuck }),
});

function one(pid: number, findings: readonly Finding[], more: Partial<Inspected> = {}): Inspected {
  const process = { pid, name: `p${pid}`, command: [] };
  return { ...live(healthy({ process, findings })), key: `process-${pid}`, pid, ...more };
}

const CALM = one(1, []);
const WAITS = one(2, [finding('info', 900)]);
const WARNS = one(3, [finding('warning', 90), finding('info')]);
const FEW = one(4, [finding('critical', 3), finding('warning', 500)]);
const MANY = one(5, [finding('critical', 3), finding('critical', 4)]);
const ENDED = one(6, [finding('critical', 99)], {
  snapshot: { ...one(6, [finding('critical', 99)]).snapshot, state: 'ended' },
});

const titles = (all: readonly Inspected[]) => rootNodes(all).map(({ label }) => label);

describe('the order of the tree', () => {
  it('is by severity, then by the number of requests stuck, then as they were begun', () => {
    const expected = ['p5 (5)', 'p4 (4)', 'p3 (3)', 'p1 (1)', 'p2 (2)'];
    expect(titles([CALM, WAITS, WARNS, FEW, MANY])).toEqual(expected);
    expect(titles([FEW, MANY, CALM, WARNS, WAITS])).toEqual(expected);
    expect(titles([WAITS, CALM])).toEqual(['p2 (2)', 'p1 (1)']);
  });

  it('ranks history behind what needs a look now', () => {
    expect(titles([CALM, ENDED, WARNS])).toEqual(['p3 (3)', 'p1 (1)', 'p6 (6)']);
  });

  it('has the host with the gravest process first, and its processes in the same order', () => {
    const at = (alias: string, inspected: Inspected): Inspected => ({
      ...inspected,
      key: `${inspected.key} ${alias}`,
      host: { kind: 'ssh', alias } satisfies HostId,
    });
    const all = [at('calm', CALM), at('two', WARNS), at('two', FEW), at('one', MANY), at('two', MANY)];
    const roots = rootNodes(all);
    expect(roots.map(({ label }) => label)).toEqual(['two', 'one', 'calm']);
    expect(children(roots[0]).map(({ label }) => label)).toEqual(['p5 (5)', 'p4 (4)', 'p3 (3)']);
  });
});

describe('what is said of all together', () => {
  const all = [CALM, WARNS, FEW, MANY, ENDED];

  it('is the sum of what is stuck in those that are followed', () => {
    expect(stuckInAll(all)).toBe(10);
    expect(statusText(all)?.text).toBe('io_uring: 10 stuck');
    expect(
      statusText(all)
        ?.tooltip.split('\n')
        .map((line) => line.split(' ')[0]),
    ).toEqual(['p5', 'p4', 'p3', 'p1']);
  });

  it('is the sum of what waits where nothing is stuck, of Linux AIO, too', () => {
    const context = { id: 1, address: '0x1', requests: [], pending: 5, sources: [] };
    const { snapshot } = CALM;
    const { sample = healthy() } = snapshot;
    const both = { ...sample, rings: [ring(1, { inFlight: 7 })], aio: [context] };
    const busy: Inspected = { ...CALM, key: 'busy', snapshot: { ...snapshot, sample: both } };
    expect(statusText([busy, busy])?.text).toBe('io_uring: 24 waiting');
  });

  it('is answered by the first row that has an answer, by history only where nothing else has', () => {
    expect(answer(all)).toBe('p5 (5): critical 3');
    expect(answer([ENDED, WAITS])).toBe('p2 (2): info 900');
    expect(answer([ENDED, CALM])).toBe('p6 (6): critical 99');
  });
});
