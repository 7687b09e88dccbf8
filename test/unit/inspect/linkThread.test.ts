import { describe, expect, it, onTestFinished } from 'vitest';
import type { Clock } from '../../../src/inspect/inspection';
import { LinkThread } from '../../../src/inspect/linkThread';
import type { Sample, UserFrame } from '../../../src/model/sample';
import type { LinkAnswer, LinkQuestion } from '../../../src/source/linkMessages';
import { patchBetween } from '../../../src/source/samplePatch';
import { bytesOf } from '../../../src/target/portValues';
import type { Target } from '../../../src/target/target';
import type { Thread } from '../../../src/target/workerThread';
import { sampleOf, taskOf } from '../samples';

const FRAME: UserFrame = { function: 'main', file: '/src/a.c', line: 3, address: '0x10', trust: 'proven' };

type Link = LinkQuestion & { readonly kind: 'link' };

/** Threads that do what the test says, and timers that it fires. */
function staged() {
  const asked: Link[] = [];
  const dumped: (LinkQuestion & { readonly kind: 'name dumps' })[] = [];
  const targets: number[] = [];
  const givenUp: number[] = [];
  const ends: ((why: string | undefined) => void)[] = [];
  const listeners: ((message: unknown) => void)[] = [];
  const due: { readonly callback: () => void; readonly wait: number }[] = [];
  const start = (): Thread => ({
    post: (message) => {
      const question = message as LinkQuestion;
      if (question.kind === 'target') targets.push(question.target);
      else if (question.kind === 'give up') givenUp.push(question.id);
      else if (question.kind === 'link') asked.push(question);
      else if (question.kind === 'name dumps') dumped.push(question);
    },
    onMessage: (listener) => void listeners.push(listener),
    ended: new Promise((resolve) => ends.push(resolve)),
    end: () => ends.at(-1)?.(undefined),
  });
  const clock: Pick<Clock, 'setTimeout' | 'clearTimeout'> = {
    setTimeout: (callback, wait) => {
      const timer = { callback, wait };
      due.push(timer);
      return timer;
    },
    clearTimeout: (handle) => {
      const at = due.indexOf(handle as (typeof due)[number]);
      if (at >= 0) due.splice(at, 1);
    },
  };
  const thread = new LinkThread(start, clock);
  onTestFinished(() => thread.dispose());
  const answer = (message: LinkAnswer) => listeners.at(-1)?.(message);
  return { thread, asked, dumped, targets, givenUp, ends, due, answer };
}

function target(): Target {
  const none = () => Promise.reject(new Error('not asked for'));
  return {
    label: 'x',
    frozen: false,
    rights: { uid: 0, capabilities: 0n },
    arch: 'x86_64',
    read: none,
    list: none,
    link: none,
    inodes: none,
    memory: none,
    binaries: { read: none, identify: none },
    dispose: () => undefined,
  };
}

const bare = (pid = 7): Sample =>
  sampleOf({
    process: { pid, startTime: 5, name: 'server', command: [] },
    tasks: [taskOf({ tid: pid, lastRan: 3 }), taskOf({ tid: pid + 1, lastRan: 3 })],
  });

const linkedOf = (sample: Sample): Sample => ({
  ...sample,
  tasks: sample.tasks.map((task, index) => (index === 0 ? { ...task, userStack: [FRAME] } : task)),
});

const patchOf = (question: Link): LinkAnswer => ({
  id: question.id,
  patch: patchBetween(question.sample, linkedOf(question.sample)),
});

const linkedBy = (question: Link | undefined): LinkAnswer => {
  if (!question) throw new Error('nothing was asked');
  return patchOf(question);
};

describe('the thread that links Samples', () => {
  it('is started once for all hosts, and changes nothing of a Sample but what it has linked', async () => {
    const { thread, asked, targets, ends, answer } = staged();
    const [here, there, sample] = [target(), target(), bare()];
    expect(ends).toHaveLength(0);
    const [first, second] = [thread.link(here, sample, {}), thread.link(there, bare(), {})];
    expect([targets.length, ends.length, asked.length]).toEqual([2, 1, 2]);
    answer(linkedBy(asked[1]));
    answer(linkedBy(asked[0]));
    expect((await second).tasks[0]?.userStack).toEqual([FRAME]);
    const linked = await first;
    expect(linked).toEqual(linkedOf(sample));
    expect(linked.resources).toBe(sample.resources);
    expect(linked.tasks[1]).toBe(sample.tasks[1]);
  });

  it('is told of no more requests than can be copied at once, and changes those of them that it links', async () => {
    const { thread, asked, answer } = staged();
    const request = {
      ring: 1,
      operation: 'READ',
      state: 'queued',
      certainty: 'certain',
      sources: [],
    } as const;
    const requests = Array.from({ length: 5000 }, (_, sequence) => ({ ...request, sequence }));
    const linked = thread.link(target(), { ...bare(), requests }, {});
    const [question] = asked;
    if (!question) throw new Error('nothing was asked');
    expect(question.sample.requests).toHaveLength(2000);
    const origin = [{ kind: 'callback', function: 'on_read' }] as const;
    const after = question.sample.requests.map((one, index) => (index === 1999 ? { ...one, origin } : one));
    answer({
      id: question.id,
      patch: patchBetween(question.sample, { ...question.sample, requests: after }),
    });
    const sample = await linked;
    expect(sample.requests).toHaveLength(5000);
    expect(sample.requests.filter((one) => one.origin)).toEqual([{ ...requests[1999], origin }]);
  });

  it('links one Sample of a process at a time; one that comes meanwhile gets what stands still', async () => {
    const { thread, asked, answer } = staged();
    const here = target();
    const first = thread.link(here, bare(), {});
    const meanwhile = await thread.link(here, bare(), { previous: linkedOf(bare()) });
    expect(meanwhile.tasks[0]?.userStack).toEqual([FRAME]);
    expect(asked).toHaveLength(1);
    answer(linkedBy(asked[0]));
    await first;
    void thread.link(here, bare(), {});
    expect(asked).toHaveLength(2);
  });

  it('rejects with what went wrong there', async () => {
    const { thread, asked, answer } = staged();
    const linked = thread.link(target(), bare(), {});
    answer({ id: asked[0]?.id ?? 0, failure: { message: 'The probe is gone.' } });
    await expect(linked).rejects.toThrow('The probe is gone.');
  });

  it('leaves a process alone at which it has crashed, says why, and goes on with others', async () => {
    const { thread, asked, ends, answer } = staged();
    const here = target();
    const fatal = thread.link(here, bare(), {});
    ends[0]?.('it needed more than 512 MB');
    const row = { what: 'where the program waits in its source', why: /failed: it needed more than 512 MB/ };
    const told = { tasks: bare().tasks, notVisible: [{ ...row, why: expect.stringMatching(row.why) }] };
    expect(await fatal).toMatchObject(told);
    expect(await thread.link(here, bare(), {})).toMatchObject(told);
    expect(asked).toHaveLength(1);
    const other = thread.link(here, bare(100), {});
    answer(linkedBy(asked[1]));
    expect((await other).tasks[0]?.userStack).toEqual([FRAME]);
    expect(ends).toHaveLength(2);
  });

  it('is ended when a Sample takes it too long', async () => {
    const { thread, due, ends } = staged();
    const linked = thread.link(target(), bare(), {});
    expect(due.map(({ wait }) => wait)).toEqual([120_000]);
    due[0]?.callback();
    expect((await linked).notVisible[0]?.why).toBe(
      'reading its binaries has failed: it took more than 120 s',
    );
    expect(due).toEqual([]);
    const other = thread.link(target(), bare(100), {});
    expect(ends).toHaveLength(2);
    thread.dispose();
    await other;
  });

  it('is not started again and again', async () => {
    const { thread, ends } = staged();
    const here = target();
    for (const pid of [10, 20, 30]) {
      const fatal = thread.link(here, bare(pid), {});
      ends.at(-1)?.('it ended with code 1');
      await fatal;
    }
    expect((await thread.link(here, bare(40), {})).notVisible).toHaveLength(1);
    expect(ends).toHaveLength(3);
  });

  it('ends when it has been idle, and starts anew, with the targets lent anew', async () => {
    const { thread, asked, targets, ends, due, answer } = staged();
    const here = target();
    const first = thread.link(here, bare(), {});
    answer(linkedBy(asked[0]));
    await first;
    expect(due.map(({ wait }) => wait)).toEqual([60_000]);
    due[0]?.callback();
    const second = thread.link(here, bare(), {});
    expect([targets.length, ends.length]).toEqual([2, 2]);
    answer(linkedBy(asked[1]));
    expect((await second).notVisible).toEqual([]);
  });

  it('is told once that a look was given up, while it is at it', async () => {
    const { thread, asked, givenUp, answer } = staged();
    const [here, stop, done] = [target(), new AbortController(), new AbortController()];
    const waiting = thread.link(here, bare(), { signal: stop.signal });
    const other = thread.link(here, bare(100), { signal: done.signal });
    answer(linkedBy(asked[1]));
    await other;
    done.abort();
    expect(givenUp).toEqual([]);
    stop.abort();
    expect(givenUp).toEqual([asked[0]?.id]);
    // Of one process one Sample at a time: it is at that one until it answers.
    await thread.link(here, bare(), {});
    expect(asked).toHaveLength(2);
    answer({ id: asked[0]?.id ?? 0, failure: { message: 'This operation was aborted' } });
    await expect(waiting).rejects.toThrow('aborted');
    void thread.link(here, bare(), { signal: AbortSignal.abort() });
    expect(asked).toHaveLength(3);
    expect(givenUp).toEqual([asked[0]?.id, asked[2]?.id]);
  });

  it('tells of the latest Sample of a process what becomes known after it', async () => {
    const { thread, asked, answer } = staged();
    const here = target();
    const lates: Sample[] = [];
    const late = (linked: Sample) => void lates.push(linked);
    const first = thread.link(here, bare(), { late });
    answer(linkedBy(asked[0]));
    await first;
    const sample = bare();
    const second = thread.link(here, sample, { late });
    answer(linkedBy(asked[1]));
    await second;
    for (const question of asked)
      answer({ id: question.id, late: patchBetween(question.sample, linkedOf(question.sample)) });
    expect(lates).toEqual([linkedOf(sample)]);
    expect(lates[0]?.resources).toBe(sample.resources);
  });

  it('starts anew when the settings change, and nothing that was told before stands', async () => {
    const { thread, asked, ends, answer } = staged();
    const here = target();
    const first = thread.link(here, bare(), {});
    answer(linkedBy(asked[0]));
    const before = await first;
    const cut = thread.link(here, bare(), { previous: before });
    expect(asked[1]?.sample.tasks[0]?.userStack).toEqual([FRAME]);
    thread.renew();
    await cut;
    const after = thread.link(here, bare(), { previous: before });
    expect([asked.length, ends.length]).toEqual([3, 2]);
    expect(asked[2]?.sample.tasks[0]?.userStack).toBeUndefined();
    // What comes meanwhile must not bring the old back, either.
    expect((await thread.link(here, bare(), { previous: before })).tasks[0]?.userStack).toBeUndefined();
    answer(linkedBy(asked[2]));
    void thread.link(here, bare(), { previous: await after });
    expect(asked[3]?.sample.tasks[0]?.userStack).toEqual([FRAME]);
  });

  it('gives what waits its Sample when it is disposed of', async () => {
    const { thread } = staged();
    const sample = bare();
    const waiting = thread.link(target(), sample, {});
    thread.dispose();
    expect(await waiting).toBe(sample);
  });

  it('has stacks named that were copied, and says of each why not where the thread has ended', async () => {
    const { thread, dumped, ends, answer } = staged();
    const here = target();
    const of = { process: bare().process };
    const dump = { tid: 8, pc: 1n, sp: 2n, registers: [], stack: Buffer.from('abc') };
    const named = thread.nameDumps(here, of, [dump]);
    expect(bytesOf(dumped[0]?.dumps)).toEqual([dump]);
    answer({ id: dumped[0]?.id ?? 0, named: [{ tid: 8, frames: [FRAME] }] });
    expect(await named).toEqual([{ tid: 8, frames: [FRAME] }]);
    const left = thread.nameDumps(here, of, [dump, dump]);
    ends.at(-1)?.('it ran out of memory');
    expect((await left).map(({ note }) => note)).toEqual(
      Array(2).fill('is not told: reading the program’s binaries has failed: it ran out of memory'),
    );
  });
});
