import { describe, expect, it } from 'vitest';
import type { Sample } from '../../../src/model/sample';
import { parseMountinfo } from '../../../src/procfs/mountinfo';
import { Binaries } from '../../../src/source/binaries';
import { readCallStacks } from '../../../src/source/callStacks';
import { openElf } from '../../../src/source/elfFile';
import { SampleLinker } from '../../../src/source/linkSample';
import { withStanding } from '../../../src/source/standing';
import { ProcessStacks } from '../../../src/source/unwind/threads';
import type { FetchDebugFile } from '../../../src/target/debuginfod';
import { unpack } from '../../../src/target/unpack';
import { sampleOf, taskOf } from '../samples';
import { BASE, functionAt, image, SIZE, words } from './fakeImage';
import { FakeProcess, inCall, MOUNTS, PID } from './fakeProcess';
import { fixture, MemoryBytes, STEP } from './fixture';

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
    expect(JSON.stringify(stack?.frames)).not.toContain('\\u001b');
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

  it('of very many threads says how many it leaves out, and has the others at the next looks', async () => {
    const target = sleeping();
    const all = (looks: number, runs: (tid: number) => boolean) =>
      Array.from({ length: 500 }, (_, index) => {
        const tid = 1000 + index;
        // Later threads wait for longer.
        return task(tid, { lastRan: 1000 - index + (runs(tid) ? looks : 0) });
      });
    for (const { tid } of all(0, () => false)) target.threads.set(tid, inCall(STACK, PLAIN));
    const one = linker(target);
    const busy = (tid: number) => tid < 1100;
    const tids = (sample: Sample) => sample.tasks.flatMap(({ tid, userStack }) => (userStack ? [tid] : []));
    const left = (sample: Sample) =>
      sample.notVisible.flatMap(({ what }) => /^stacks in the program of (.*)/.exec(what)?.[1] ?? []);
    const first = await one.link(sampleOf({ tasks: all(0, busy) }));
    expect(Math.min(...tids(first))).toBe(1300);
    expect([tids(first).length, left(first)]).toEqual([200, ['300 other threads']]);
    const second = await one.link(sampleOf({ tasks: all(1, busy) }), { previous: first });
    expect(Math.min(...tids(second))).toBe(1100);
    expect([tids(second).length, left(second)]).toEqual([400, ['100 other threads']]);
    const third = await one.link(sampleOf({ tasks: all(2, busy) }), { previous: second });
    expect([tids(third).length, left(third)]).toEqual([500, []]);
    // All of those that have run since are read again.
    const fourth = await one.link(sampleOf({ tasks: all(3, busy) }), { previous: third });
    expect([tids(fourth).length, left(fourth)]).toEqual([500, []]);
  });

  it('of threads that all run in between has each in its turn', async () => {
    const target = sleeping();
    const all = (look: number) =>
      Array.from({ length: 500 }, (_, index) => task(1000 + index, { lastRan: look }));
    for (const { tid } of all(0)) target.threads.set(tid, inCall(STACK, PLAIN));
    const one = linker(target);
    const seen = new Set<number>();
    let previous: Sample | undefined;
    for (const look of [1, 2, 3]) {
      previous = await one.link(sampleOf({ tasks: all(look) }), { previous });
      const told = previous.tasks.filter(({ userStack }) => userStack);
      expect(told).toHaveLength(200);
      for (const { tid } of told) seen.add(tid);
    }
    expect(seen.size).toBe(500);
  });

  it('whose look is given up is left at once, and costs the next one nothing', async () => {
    const target = sleeping();
    const one = linker(target);
    const stop = new AbortController();
    target.onRead = (paths) => {
      if (paths.some((path) => path.endsWith('syscall'))) stop.abort(new Error('given up'));
    };
    await expect(one.link(sampleOf({ tasks: [task(PID)] }), { signal: stop.signal })).rejects.toThrow(
      'given up',
    );
    target.onRead = () => undefined;
    // What lay on its stack then is forgotten.
    const [program, stack] = target.mappings;
    if (program && stack)
      target.mappings = [program, { ...stack, data: words([0, 0, 0, functionAt('first') + 0x44]) }];
    const { tasks } = await one.link(sampleOf({ tasks: [task(PID)] }));
    expect(tasks[0]?.userStack?.[1]?.address).toBe(`0x${(functionAt('first') + 0x44).toString(16)}`);
  });

  it('whose debug file is still to come has its stacks at once, and their lines when it is here', async () => {
    const target = sleeping();
    const [program, ...others] = target.mappings;
    const data = fixture('c5');
    // The names of the sections with debug information no longer say so.
    for (let at = data.indexOf('.debug_'); at >= 0; at = data.indexOf('.debug_')) data.write('.sundry', at);
    if (program) target.mappings = [{ ...program, path: '/bin/c5', data }, ...others];
    target.files.set('executable', { data, inode: 5 });
    target.threads.set(PID, inCall(STACK, STEP.from + 11));
    let isHere = false;
    let arrive: () => void = () => undefined;
    const fetchDebugFile: FetchDebugFile = async (_id, late) => {
      if (late) arrive = late;
      return isHere ? new MemoryBytes(fixture('c5')) : undefined;
    };
    const one = new SampleLinker(target, { unpack, fetchDebugFile, waits: false });
    const lates: Sample[] = [];
    const late = (linked: Sample) => void lates.push(linked);
    const linesOf = ({ tasks }: Sample) =>
      tasks[0]?.userStack?.map(({ function: name, line }) => [name, line]);
    const first = await one.link(sampleOf({ tasks: [task(PID)] }), { late });
    expect(linesOf(first)).toEqual([['step', undefined]]);
    expect(first.notVisible.map(({ what }) => what)).toEqual(['source lines of c5']);
    const second = await one.link(sampleOf({ tasks: [task(PID)] }), { late, previous: first });
    expect(second.tasks[0]?.userStack).toBe(first.tasks[0]?.userStack);
    isHere = true;
    arrive();
    await expect.poll(() => lates.length).toBe(1);
    const [known = first] = lates;
    expect(linesOf(known)).toEqual([
      ['shifted', 10],
      ['step', 18],
    ]);
    expect(known.notVisible).toEqual([]);
    // What was told without lines gives way to the same stack with them.
    expect(linesOf(withStanding(second, known))).toEqual(linesOf(known));
    expect(linesOf(withStanding(known, second))).toEqual(linesOf(known));
  });

  it('whose debug file lies apart has its names at once, and its lines after', async () => {
    const target = sleeping();
    const [program, ...others] = target.mappings;
    const whole = fixture('c5');
    const data = Buffer.from(whole);
    for (let at = data.indexOf('.debug_'); at >= 0; at = data.indexOf('.debug_')) data.write('.sundry', at);
    if (program) target.mappings = [{ ...program, path: '/bin/c5', data }, ...others];
    target.files.set('executable', { data, inode: 5 });
    const opened = await openElf(new MemoryBytes(whole), unpack);
    const id = (opened.ok && (await opened.elf.buildId())) || '';
    const apart = `/usr/lib/debug/.build-id/${id.slice(0, 2)}/${id.slice(2)}.debug`;
    target.files.set(`inside ${PID} ${apart}`, { data: whole, inode: 6 });
    target.threads.set(PID, inCall(STACK, STEP.from + 11));
    const namesOf = ({ tasks }: Sample) =>
      tasks[0]?.userStack?.map(({ function: name, line }) => [name, line]);
    const lines = [
      ['shifted', 10],
      ['step', 18],
    ];
    const lates: Sample[] = [];
    const late = (linked: Sample) => void lates.push(linked);
    const one = new SampleLinker(target, { unpack, waits: false });
    const first = await one.link(sampleOf({ tasks: [task(PID)] }), { late });
    expect(namesOf(first)).toEqual([['step', undefined]]);
    expect(first.notVisible).toEqual([]);
    await expect.poll(() => lates.map(namesOf)).toEqual([lines]);
    const another = sampleOf({ tasks: [task(PID)] });
    expect(namesOf(await one.link(another, { late }))).toEqual(lines);
    // Who is not told later waits for it.
    const patient = new SampleLinker(target, { unpack, waits: false });
    expect(namesOf(await patient.link(another))).toEqual(lines);
  });

  it('is the same where nothing sleeps', async () => {
    const sample = sampleOf({ tasks: [task(PID, { state: 'R' })] });
    expect(await linker(sleeping()).link(sample)).toBe(sample);
  });
});

describe('memory that lies in files of others', () => {
  const nfs = MOUNTS.replace('ext4', 'nfs4');

  it('is not read where their server does not answer, and is once it does', async () => {
    const target = sleeping();
    target.mountinfo = nfs;
    target.files.set('mapped 400000', 'ETIMEDOUT');
    const stacks = new ProcessStacks(target, PID);
    const [stack] = await stacks.unwind([PID]);
    expect(stack).toMatchObject({
      complete: false,
      ending: 'what lies on a mount that may not answer is left alone',
      frames: [{ pc: PLAIN, image: { inode: 5 } }],
    });
    target.files.set('mapped 400000', { data: image(), inode: 5 });
    expect((await new ProcessStacks(target, PID).unwind([PID]))[0]).toMatchObject({ complete: true });
  });

  it('is read where only the program that runs can be asked', async () => {
    const target = sleeping();
    target.mountinfo = nfs;
    target.files.set('executable', { data: image(), inode: 5 });
    expect((await new ProcessStacks(target, PID).unwind([PID]))[0]).toMatchObject({ complete: true });
  });

  it('is never read or opened on a FUSE mount', async () => {
    const target = sleeping();
    target.mountinfo = MOUNTS.replace('ext4', 'fuse.sshfs');
    target.files.set('mapped 400000', { data: image(), inode: 5 });
    expect((await new ProcessStacks(target, PID).unwind([PID]))[0]).toMatchObject({ complete: false });
    expect(target.asked).toEqual([]);
  });
});
