import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tracedFindings } from '../../src/explain/traced';
import { look } from '../../src/inspect/look';
import { startTrace } from '../../src/inspect/tracing';
import type { Finding } from '../../src/model/sample';
import type { TraceSummary } from '../../src/model/trace';
import { openLocal } from '../../src/target/local';
import type { ProbeTarget } from '../../src/target/probeTarget';
import { Installed } from './support/installed';
import { self } from './support/probe';
import { skipUnless } from './support/rights';
import { tracingProbe } from './support/tracefs';
import { type Running, startVictim } from './support/victim';

let target: ProbeTarget;
beforeAll(async () => {
  target = await openLocal(await tracingProbe());
});
afterAll(() => target.dispose());

interface Told {
  readonly summary: TraceSummary;
  readonly findings: readonly Finding[];
}

/** What a trace of that many seconds tells of a process. */
async function traced(pid: number, seconds: number): Promise<Told> {
  const trace = await startTrace(target, pid, { stackBytes: 0 });
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const { summary } = await trace.stop();
  return { summary, findings: tracedFindings(summary, await look(target, pid)) };
}

async function tracedFlow(context: Running, scene: string, seconds: number): Promise<Told> {
  const victim = await startVictim(context, self, 'flows', [scene], { busy: true });
  return traced(victim.pid, seconds);
}

/** What a program does wrongly, and how it is told. */
const WRONG: readonly (readonly [string, number, string, Finding['severity'], RegExp])[] = [
  [
    'overflow',
    1,
    'cq-overflow',
    'warning',
    /^[\d,]+ completions found no place in the completion queue during the trace/,
  ],
  [
    'late',
    2.5,
    'reaped-late',
    'warning',
    /^Completions of ring 1 \(fd \d+\) lie in the queue for [34]\d(\.\d)? ms on average/,
  ],
  [
    'nonblock',
    1,
    'error-flood',
    'warning',
    /^100 % of the reads of the pipe at descriptor \d+.* fail with EAGAIN: [\d,]+ a second\.$/,
  ],
  ['broken', 1, 'error-flood', 'warning', /^100 % of the nops fail with ECANCELED: [\d,]+ a second\.$/],
  ['reset', 1, 'error-flood', 'warning', /^100 % of the recvs fail with ECONNRESET: [\d,]+ a second\.$/],
  [
    'punted',
    1,
    'punted',
    'info',
    /^100 % of the reads of \/proc\/\d+\/stat went to io-wq workers: [\d,]+ a second\.$/,
  ],
  ['forced', 1, 'punted', 'info', /^100 % of the nops went to io-wq workers: [\d,]+ a second\.$/],
  [
    'herd',
    1,
    're-armed',
    'info',
    /^Reads of the pipe at descriptor \d+.* are armed for poll again and again: [\d,]+ times a second/,
  ],
  [
    'oneshot',
    1,
    're-armed',
    'info',
    /^One-shot polls of the pipe at descriptor \d+.* are armed anew [\d,]+ times a second\.$/,
  ],
  [
    'fifo',
    5,
    'never-completed',
    'warning',
    /^1 open submitted in the trace has not completed, the oldest for [\d.]+ s\.$/,
  ],
  [
    'pile',
    2.5,
    'never-completed',
    'info',
    /^\d+ polls of the pipe at descriptor \d+.* submitted in the trace are still pending; 0 completed/,
  ],
];

/** Programs that are well, and look a little like those. */
const WELL = ['wholesome', 'cached', 'missing', 'timeouts'];

describe('a trace of a program that does something wrong', () => {
  for (const [scene, seconds, tag, severity, summary] of WRONG)
    it(`tells it: ${scene}`, async (context) => {
      skipUnless(context, 'root', 'ioUring');
      const { findings } = await tracedFlow(context, scene, seconds);
      expect(findings.map((finding) => finding.tag)).toContain(tag);
      const found = findings.filter((finding) => finding.tag === tag);
      expect(found).toContainEqual(
        expect.objectContaining({ severity, summary: expect.stringMatching(summary) }),
      );
      expect(found[0]).toMatchObject({ learnMore: `findings/${tag}.md` });
      // And nothing else that would be a fault.
      const others = findings.filter((finding) => finding.severity !== 'info' && finding.tag !== tag);
      expect(others).toEqual([]);
    });
});

describe('a trace of a program that is well', () => {
  for (const scene of WELL)
    it(`finds nothing: ${scene}`, async (context) => {
      skipUnless(context, 'root', 'ioUring');
      const { summary, findings } = await tracedFlow(context, scene, 1.5);
      expect(summary.completed).toBeGreaterThan(500);
      expect(findings).toEqual([]);
    });
});

describe('a trace that counts the calls of io_uring_enter', () => {
  it('tells that each takes one request, and not where it takes many', async (context) => {
    skipUnless(context, 'root', 'ioUring');
    const { summary, findings } = await tracedFlow(context, 'single', 2);
    if (summary.systemCalls === undefined) context.skip('calls of io_uring_enter are not counted');
    expect(findings).toMatchObject([{ tag: 'small-batches', severity: 'info' }]);
    const wholesome = await tracedFlow(context, 'wholesome', 1);
    expect(wholesome.findings).toEqual([]);
  });

  it('proves that SQPOLL makes none', async (context) => {
    skipUnless(context, 'root', 'ioUring');
    const { summary, findings } = await tracedFlow(context, 'sqpoll', 3);
    expect(summary.submitted).toBeGreaterThan(0);
    expect(summary.polledSubmits).toBe(summary.submitted);
    if (summary.systemCalls === undefined) context.skip('calls of io_uring_enter are not counted');
    // Where it is starved of processors by its own kernel thread, it is told to be late, too.
    const found = findings.find(({ tag }) => tag === 'no-system-calls');
    expect(found).toMatchObject({ severity: 'info' });
    expect(found?.summary).toMatch(
      /^SQPOLL makes no system calls for ring 1 \(fd \d+\): 0 io_uring_enter\/s beside [\d,]+ submissions\/s\.$/,
    );
  });
});

describe('a trace of programs of others that are well', () => {
  it('Node, which does its file work through io_uring', async (context) => {
    skipUnless(context, 'root', 'ioUring');
    const installed = new Installed(context);
    const script = installed.file(
      'work.mjs',
      `import { readFile, stat, writeFile } from 'node:fs/promises';
await writeFile('data', 'x'.repeat(100000));
setInterval(async () => {
  for (let i = 0; i < 50; i++) { await readFile('data'); await stat('data'); await stat('none').catch(() => 0); }
}, 20);`,
    );
    const child = installed.start(process.execPath, [script], { UV_USE_IO_URING: '1' });
    const pid = child.pid ?? context.skip('Node has not started');
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const { summary, findings } = await traced(pid, 2);
    if (summary.submitted === 0) context.skip('this Node works without io_uring');
    expect(findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
    expect(findings.filter(({ tag }) => tag !== 'no-system-calls' && tag !== 'small-batches')).toEqual([]);
  });
});
