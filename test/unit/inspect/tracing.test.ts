import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it, vi } from 'vitest';
import type { NameDumps } from '../../../src/inspect/traceResult';
import { startTrace, type TraceOptions } from '../../../src/inspect/tracing';
import type { TraceSummary } from '../../../src/model/trace';
import type { Target } from '../../../src/target/target';
import type { TraceStarted } from '../../../src/target/tracing';
import { fromText, type Recording, replayed } from './traces/recordedTarget';

type Scene = 'rings' | 'blind' | 'busy';

/** Recorded on 6.18 at the victim `traced` (traces/record.ts): what it did is known. */
function recordingOf(scene: Scene): Recording {
  const packed = readFileSync(join(import.meta.dirname, 'traces', `${scene}.json.gz`));
  return fromText(gunzipSync(packed).toString()) as Recording;
}

/** The options of the recording, with the layout of its kernel. */
function optionsOf(recording: Recording, more: TraceOptions = {}): TraceOptions {
  const layouts = { load: async () => recording.layout, save: async () => undefined };
  return { interval: 1, stackBytes: 256, walk: { layouts }, ...more };
}

async function begun(scene: Scene, options: TraceOptions = {}, parts: Partial<Target> = {}) {
  const recording = recordingOf(scene);
  const { target, asked, left } = replayed(recording, parts);
  const trace = await startTrace(target, recording.pid, optionsOf(recording, options));
  const drained = () => vi.waitFor(() => expect(left()).toBe(0), { timeout: 10_000, interval: 5 });
  return { recording, trace, asked, drained };
}

const rows = ({ operations }: TraceSummary, name: string) =>
  operations.filter(({ operation }) => operation === name);
const named: NameDumps = async (_, __, dumps) =>
  dumps.map(() => ({ tid: 7, frames: [{ address: '0x1', function: 'submit', trust: 'proven' }] }) as never);

describe('a recorded trace', () => {
  it('has every request of the program, of rings that it made meanwhile, too', async () => {
    const { recording, trace, asked, drained } = await begun('rings');
    await drained();
    const { summary, details, submits } = await trace.stop();
    expect(summary).toMatchObject({ submitted: 42, completed: 40, pending: 2, unseenSubmits: 0 });
    expect(summary).toMatchObject({ lost: { events: 0, stacks: 0 }, polledSubmits: 5, notTraced: [] });
    expect(rows(summary, 'NOP')).toMatchObject([{ completed: 34, errors: {} }]);
    expect(rows(summary, 'TIMEOUT')).toMatchObject([{ completed: 2, errors: { ETIME: 2 } }]);
    expect(rows(summary, 'READ').find(({ errors }) => errors['EBADF'])?.errors).toEqual({ EBADF: 2 });
    expect(summary.oldest.map(({ operation, submitter }) => [operation, submitter])).toEqual([
      ['READ', recording.pid],
      ['READ', recording.pid],
    ]);
    expect(details).toMatchObject({ completed: 40 });
    expect(details.requests).toHaveLength(40);
    expect(submits).toEqual([]);
    // A new ring is followed with those that were traced before, in the threads that are there.
    const followed = asked.filter(({ key }) => key.startsWith('tracing.follow')).map(({ args }) => args);
    const [rings, threads] = (followed.at(-1) ?? []) as [bigint[], number[]];
    expect(rings.length).toBeGreaterThan(1);
    expect(threads).toContain(recording.pid);
    expect(asked.at(-1)?.key).toMatch(/^tracing\.stop/);
  });

  it('gives the slowest and the pending requests the stacks of their submits', async () => {
    const { trace, drained } = await begun('rings');
    await drained();
    const { summary, submits } = await trace.stop(named);
    expect(summary.oldest.map(({ stack }) => stack?.[0]?.function)).toEqual(['submit', 'submit']);
    expect(submits).toHaveLength(2);
    expect(submits[0]).toMatchObject({ operation: 'READ', stack: [{ function: 'submit' }] });
    expect(summary.notTraced.join()).toMatch(/^where requests of SQPOLL rings are submitted/);
  });

  it('looks for new threads each second, and tells meanwhile how it goes', async () => {
    const { trace, asked, drained } = await begun('rings');
    await drained();
    const before = asked.filter(({ key }) => /^list .*\/task"/.test(key)).length;
    await vi.waitFor(
      () => expect(asked.filter(({ key }) => /^list .*\/task"/.test(key)).length).toBeGreaterThan(before),
      { timeout: 10_000 },
    );
    const status = trace.status();
    expect(status).toMatchObject({ lostEvents: 0, lostStacks: 0, probe: 0 });
    expect(status.submitted).toBeGreaterThan(0);
    expect(status.seconds).toBeGreaterThan(0.5);
    expect(trace.soFar()).toMatchObject({ notTraced: [] });
    expect(trace.latest()?.count ?? 0).toBeLessThanOrEqual(40);
    expect((await trace.stop()).summary.reaping?.length).toBeGreaterThan(0);
  });

  it('without the kernel’s memory follows what the threads submit to, and says what it misses', async () => {
    const { trace, drained } = await begun('blind', {}, { kernel: undefined } as never);
    await drained();
    const { summary } = await trace.stop();
    expect(summary).toMatchObject({ submitted: 11, completed: 11, pending: 0 });
    expect(summary.notTraced).toEqual(['requests that a kernel thread (SQPOLL) submits']);
  });

  it('at a high rate is counted by the probe, and nothing is missing', async () => {
    const { trace, drained } = await begun('busy', { stackBytes: 0 });
    await drained();
    const { summary } = await trace.stop();
    expect(trace.reader.foldedRequests).toBeGreaterThan(10_000);
    expect(summary).toMatchObject({ submitted: 160_006, completed: 160_005, pending: 1 });
    const [nops] = rows(summary, 'NOP');
    expect(nops).toMatchObject({ completed: 160_000, errors: {}, latency: { count: 160_000 } });
    expect(rows(summary, 'READ').find(({ errors }) => errors['EBADF'])?.errors).toEqual({ EBADF: 5 });
  });

  it('that breaks off says so, with what had come until then', async () => {
    const recording = recordingOf('rings');
    const drains = recording.answers['tracing.drain'] ?? [];
    recording.answers['tracing.drain'] = [...drains.slice(0, 10), { errno: 'ENOENT' }];
    const { target } = replayed(recording);
    const trace = await startTrace(target, recording.pid, optionsOf(recording));
    await trace.ended;
    expect((await trace.stop()).summary.notTraced).toEqual(['anything after it broke off (ENOENT)']);
  });
});

describe('what cannot be traced', () => {
  const refusal = async (change: (recording: Recording) => void, parts: Partial<Target> = {}) => {
    const recording = recordingOf('blind');
    change(recording);
    const { target } = replayed(recording, { kernel: undefined, ...parts } as never);
    return startTrace(target, recording.pid, optionsOf(recording)).then(
      () => 'none',
      (error: { code: string; why: string }) => `${error.code}: ${error.why}`,
    );
  };
  const answering = (name: string, answer: unknown) => (recording: Recording) => {
    for (const key of Object.keys(recording.answers))
      if (key.startsWith(name)) recording.answers[key] = [answer];
  };

  it.each([
    ['EACCES', 'not-permitted: Tracing needs the rights of root.'],
    ['EBUSY', 'not-traceable: Another trace of this connection is under way.'],
    ['EOPNOTSUPP', 'not-traceable: The probe was started with --no-kernel-memory'],
    ['EXDEV', 'not-traceable: /proc is of another PID namespace than the probe.'],
    ['ENOSYS', 'not-traceable: The probe there is of an earlier version.'],
    ['ENOENT', 'not-traceable: This kernel has no instances of tracefs.'],
    ['ENOMEM', 'not-traceable: The kernel has no memory for the buffers.'],
    ['EIO', 'not-traceable: It was refused with EIO.'],
  ])('is told in words: %s', async (errno, words) => {
    expect(await refusal(answering('tracing.start', { errno }))).toContain(words);
  });

  it('is given back where its first drain fails', async () => {
    expect(await refusal(answering('tracing.drain', { errno: 'EIO' }))).toContain('refused with EIO');
  });

  it('has no tracefs, no right to it, or no events there', async () => {
    const absent = { ok: false, errno: 'ENOENT' };
    const nowhere = { list: async (paths: readonly string[]) => paths.map(() => absent as never) };
    expect(await refusal(() => undefined, nowhere)).toContain('tracefs is not mounted on a recorded host');
    const user = { ...nowhere, rights: { uid: 1000, capabilities: 0n } };
    expect(await refusal(() => undefined, user)).toContain('not-permitted');
    const entries = [{ name: 'sched', kind: 'directory' }];
    const bare = {
      list: async (paths: readonly string[]) =>
        paths.map(
          (path) => (path.endsWith('/events') ? { ok: true, entries, truncated: false } : absent) as never,
        ),
    };
    expect(await refusal(() => undefined, bare)).toContain('This kernel has no events of io_uring.');
  });

  it('is a capture, and a process that has ended', async () => {
    expect(await refusal(() => undefined, { tracing: undefined } as never)).toContain(
      'A capture has nothing',
    );
    const list = async (paths: readonly string[]) =>
      paths.map(() => ({ ok: false, errno: 'ENOENT' }) as never);
    const { target } = replayed(recordingOf('blind'), { kernel: undefined } as never);
    const gone: Target = {
      ...target,
      list: (...asked) => (asked[0][0]?.startsWith('/proc/') ? list(asked[0]) : target.list(...asked)),
    };
    await expect(startTrace(gone, 7)).rejects.toMatchObject({ code: 'no-such-process' });
  });

  it('names the events that this kernel has not, and why there are no stacks', async () => {
    const recording = recordingOf('blind');
    const [key = ''] = Object.keys(recording.answers).filter((name) => name.startsWith('tracing.start'));
    const [started] = recording.answers[key] as [TraceStarted];
    const refused = new Map([['io_uring_task_add', 'ENOENT']]);
    recording.answers[key] = [{ ...started, refused, stacksRefused: 'EPERM' }];
    const { target } = replayed(recording, { kernel: undefined } as never);
    const trace = await startTrace(target, recording.pid, optionsOf(recording));
    expect((await trace.stop()).summary.notTraced).toEqual([
      'events of the kind task_add, which this kernel does not have',
      'where requests are submitted (EPERM)',
      'requests that a kernel thread (SQPOLL) submits',
    ]);
  });
});
