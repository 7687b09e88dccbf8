import { describe, expect, it } from 'vitest';
import { parseMountinfo } from '../../../src/procfs/mountinfo';
import { Binaries } from '../../../src/source/binaries';
import { readCallStacks } from '../../../src/source/callStacks';
import { SampleLinker } from '../../../src/source/linkSample';
import { ProcessStacks } from '../../../src/source/unwind/threads';
import { unpack } from '../../../src/target/unpack';
import { sampleOf, taskOf } from '../samples';
import { BASE, functionAt, image, SIZE, words } from './fakeImage';
import { FakeProcess, inCall, MOUNTS, PID } from './fakeProcess';
import { fixture, STEP } from './fixture';

const STACK = 0x7ff0_0000_0000;
const PLAIN = functionAt('plain') + 8;

/** A thread asleep in the first function, called by the one that every stack begins with. */
function sleeping(): FakeProcess {
  const target = new FakeProcess();
  target.mappings = [
    { start: BASE, end: BASE + SIZE, perms: 'r-xp', inode: 5, path: '/bin/pro\x1b[31mgram', data: image() },
    {
      start: STACK,
      end: STACK + 0x2000,
      perms: 'rw-p',
      path: '[stack]',
      data: words([0, 0, 0, functionAt('first') + 0x40]),
    },
  ];
  target.threads.set(PID, inCall(STACK, PLAIN));
  return target;
}

async function told(target: FakeProcess, tids: readonly number[] = [PID]) {
  const binaries = new Binaries(target, { unpack });
  const place = { pid: PID, mounts: parseMountinfo(MOUNTS).rows };
  const stacks = await readCallStacks(new ProcessStacks(target, PID), binaries, place, tids);
  binaries.close();
  return stacks;
}

describe('call stacks', () => {
  it('without symbols are places in the file, whose name cannot command a terminal', async () => {
    const [stack] = await told(sleeping());
    expect(stack?.frames?.map(({ function: name }) => name)).toEqual([
      expect.stringMatching(/^0x401008 in pro.*gram$/),
      expect.stringMatching(/^0x401440 in pro.*gram$/),
    ]);
    expect(JSON.stringify(stack)).not.toContain('\\u001b');
    expect(stack?.frames?.[0]).toMatchObject({ address: `0x${PLAIN.toString(16)}`, trust: 'proven' });
    expect(stack?.note).toBeUndefined();
  });

  it('have the names of the binary’s symbols, and inlined calls as frames of their own', async () => {
    const target = sleeping();
    const [program, ...others] = target.mappings;
    const data = fixture('c5');
    if (program) target.mappings = [{ ...program, path: '/bin/c5', data }, ...others];
    target.files.set('executable', { data, inode: 5 });
    target.threads.set(PID, inCall(STACK, STEP.from + 11));
    const [stack] = await told(target);
    expect(stack?.frames?.map(({ function: name, inlined }) => [name, inlined])).toEqual([
      ['shifted', true],
      ['step', undefined],
    ]);
    expect(stack?.frames?.[0]).toMatchObject({ file: '/src/tiny.c', binary: '/bin/c5' });
    expect(stack?.note).toMatch(/^ends here: /);
  });

  it('are not told of threads that run, have run meanwhile, or are gone', async () => {
    const target = sleeping();
    target.threads.set(8, { syscall: 'running\n' });
    target.threads.set(9, inCall(STACK, PLAIN));
    let looks = 0;
    target.onRead = (paths) => {
      if (!paths.some((path) => path.endsWith('schedstat'))) return;
      target.threads.set(9, { ...inCall(STACK, PLAIN), schedstat: `${looks++} 0 0` });
    };
    expect(await told(target, [8, 9, 10])).toEqual([
      { tid: 8, note: 'is not told: it runs' },
      { tid: 9, note: 'is not told: it runs' },
      { tid: 10, note: 'is not told: it is gone' },
    ]);
  });

  it('are given up where memory does not answer, and the process is left alone', async () => {
    const target = sleeping();
    target.memoryErrno = 'ETIMEDOUT';
    const stacks = new ProcessStacks(target, PID);
    expect(await stacks.unwind([PID])).toEqual([{ tid: PID, why: 'its memory does not answer' }]);
    const { rounds } = target;
    expect(await stacks.unwind([PID])).toEqual([{ tid: PID, why: 'its memory does not answer' }]);
    expect(target.rounds).toBe(rounds);
  });

  it('are of the program that a process has become', async () => {
    const target = sleeping();
    const stacks = new ProcessStacks(target, PID);
    expect((await stacks.unwind([PID]))[0]?.frames).toHaveLength(2);
    const other = image();
    // Another frame size, in another file at the same place.
    const at = other.indexOf(Buffer.from('0e208302', 'hex'));
    other[at + 1] = 0x10;
    const [program, stack] = target.mappings;
    if (program && stack)
      target.mappings = [
        { ...program, inode: 6, data: other },
        { ...stack, data: words([0, functionAt('framed') + 0x40, 0, functionAt('first') + 0x40]) },
      ];
    expect((await stacks.unwind([PID]))[0]?.frames?.[1]?.pc).toBe(functionAt('framed') + 0x40);
  });
});

describe('a Sample', () => {
  const task = (tid: number, parts: object = {}) =>
    taskOf({ tid, lastRan: 5, syscall: { number: 0, args: [] }, ...parts });
  const linker = (target: FakeProcess) => new SampleLinker(target, { unpack });

  it('gets the stacks of its own threads that sleep', async () => {
    const target = sleeping();
    target.threads.set(8, inCall(STACK, PLAIN));
    const sample = sampleOf({
      tasks: [task(PID), task(8, { kind: 'worker' }), task(9, { state: 'R' }), task(10)],
    });
    const { tasks } = await linker(target).link(sample);
    expect(tasks.map(({ userStack }) => userStack?.length)).toEqual([2, undefined, undefined, undefined]);
    expect(tasks[3]?.userStackNote).toBe('is not told: it is gone');
    expect(tasks[2]?.userStackNote).toBeUndefined();
  });

  it('takes over the stacks of threads that have not run since', async () => {
    const target = sleeping();
    const one = linker(target);
    const first = await one.link(sampleOf({ tasks: [task(PID)] }));
    target.threads.clear();
    const second = await one.link(sampleOf({ tasks: [task(PID)] }), { previous: first });
    expect(second.tasks[0]?.userStack).toBe(first.tasks[0]?.userStack);
  });

  it.for([
    ['has run', task(PID, { lastRan: 6 }), {}],
    ['is in another call', task(PID, { syscall: { number: 1, args: [] } }), {}],
    ['is of a process that has the number by now', task(PID), { startTime: 6 }],
    ['does not tell when it ran', task(PID, { lastRan: undefined }), {}],
  ] as const)('does not take over the stack of a thread that %s', async ([, now, process]) => {
    const target = sleeping();
    const one = linker(target);
    const first = await one.link(sampleOf({ tasks: [task(PID)] }));
    target.threads.clear();
    const sample = sampleOf({ tasks: [now] });
    const second = await one.link(
      { ...sample, process: { ...sample.process, ...process } },
      { previous: first },
    );
    expect(second.tasks[0]?.userStack).toBeUndefined();
  });

  it('of very many threads has those of the ones that matter', async () => {
    const target = sleeping();
    const tasks = Array.from({ length: 300 }, (_, index) => task(1000 + index));
    for (const { tid } of tasks) target.threads.set(tid, inCall(STACK, PLAIN));
    const linked = await linker(target).link(
      sampleOf({
        tasks,
        findings: [{ severity: 'info', tag: 'x', summary: 'x', evidence: [{ task: 1299 }] } as never],
      }),
    );
    expect(linked.tasks.filter(({ userStack }) => userStack)).toHaveLength(200);
    expect(linked.tasks[299]?.userStack).toBeDefined();
  });

  it('is the same where nothing sleeps', async () => {
    const sample = sampleOf({ tasks: [task(PID, { state: 'R' })] });
    expect(await linker(sleeping()).link(sample)).toBe(sample);
  });
});
