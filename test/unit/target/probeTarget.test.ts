import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { UserError } from '../../../src/model/errors';
import { PROTOCOL } from '../../../src/probe/protocol';
import { connectProbe, type ProbeTarget } from '../../../src/target/probeTarget';
import { answersFrame, doneFrame, fatalFrame, helloFrame, listingOf } from '../probe/frames';

/** A probe that says what the test tells it to. */
function fakeProbe() {
  const input = new PassThrough();
  const output = new PassThrough();
  const asked: number[] = [];
  let end: (why: string) => void = () => {};
  input.on('data', (chunk: Buffer) => {
    for (let at = 0; at < chunk.length; at += 4 + chunk.readUInt32LE(at))
      asked.push(chunk.readUInt32LE(at + 8));
  });
  const state = { closed: 0 };
  return {
    asked,
    state,
    say: (...frames: Buffer[]) => output.write(Buffer.concat(frames)),
    end: (why: string) => end(why),
    connection: {
      input,
      output,
      ended: new Promise<string>((resolve) => {
        end = resolve;
      }),
      close: () => {
        state.closed++;
      },
    },
  };
}

const good = (text: string) => ({ errno: 0, truncated: false, data: Buffer.from(text) });
const settle = () => new Promise((resolve) => setImmediate(resolve));

async function connected(): Promise<{ probe: ReturnType<typeof fakeProbe>; target: ProbeTarget }> {
  const probe = fakeProbe();
  const connecting = connectProbe(probe.connection, 'test');
  probe.say(helloFrame());
  return { probe, target: await connecting };
}

async function problemOf(promise: Promise<unknown>): Promise<UserError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof UserError)) throw new Error(`not a UserError: ${String(error)}`);
  return error;
}

describe('connectProbe', () => {
  it('takes rights and machine from the greeting', async () => {
    const { target } = await connected();
    expect(target.rights).toEqual({ uid: 1000, capabilities: 0x1ffffffffffn });
    expect(target.arch).toBe('x86_64');
    expect(target.frozen).toBe(false);
  });

  it('refuses another protocol in plain words', async () => {
    const probe = fakeProbe();
    const connecting = connectProbe(probe.connection, 'test');
    probe.say(helloFrame(PROTOCOL + 1));
    const problem = await problemOf(connecting);
    expect(problem.code).toBe('probe-failed');
    expect(problem.why).toBe(`It speaks protocol ${PROTOCOL + 1}, this program ${PROTOCOL}.`);
    expect(problem.remedy).toMatch(/npm run build/);
    expect(probe.state.closed).toBe(1);
  });

  it.each([
    [
      'something else answers',
      (probe: ReturnType<typeof fakeProbe>) => probe.say(Buffer.from('sudo: a password is required\n')),
      /not the probe: "sudo: a password/,
    ],
    [
      'it ends',
      (probe: ReturnType<typeof fakeProbe>) => probe.end('It ended with code 1.'),
      /It ended with code 1\./,
    ],
    [
      'it cannot work',
      (probe: ReturnType<typeof fakeProbe>) => probe.say(fatalFrame('/proc is not mounted here.')),
      /not mounted/,
    ],
    [
      'it says what no terminal should get',
      (probe: ReturnType<typeof fakeProbe>) => probe.say(fatalFrame(`\u001b]0;x\u0007${'y'.repeat(450)}`)),
      /^\\x1b\]0;x\\x07y{300,400}…$/,
    ],
  ])('says why when %s', async (_, happens, why) => {
    const probe = fakeProbe();
    const connecting = connectProbe(probe.connection, 'test');
    happens(probe);
    const problem = await problemOf(connecting);
    expect(problem.code).toBe('probe-failed');
    expect(problem.why).toMatch(why);
    expect(probe.state.closed).toBe(1);
  });

  it('does not wait for ever', async () => {
    const probe = fakeProbe();
    const problem = await problemOf(connectProbe(probe.connection, 'test', { patience: 5 }));
    expect(problem.code).toBe('probe-failed');
    expect(problem.why).toMatch(/said nothing/);
  });
});

describe('ProbeTarget', () => {
  it('keeps questions that are under way apart', async () => {
    const { probe, target } = await connected();
    const first = target.read(['/proc/a', '/proc/b']);
    const second = target.list(['/proc'], { links: true });
    const third = target.link(['/proc/1/exe']);
    await settle();
    const [a = 0, b = 0, c = 0] = probe.asked;
    probe.say(answersFrame(a, [good('A')]));
    probe.say(answersFrame(a, [{ errno: 110, truncated: false, data: Buffer.alloc(0) }]), doneFrame(a, 2));
    expect(await first).toEqual([
      { ok: true, data: Buffer.from('A'), truncated: false },
      { ok: false, errno: 'ETIMEDOUT' },
    ]);
    const entries = [{ name: '0', link: '/dev/null' }, { name: 'x' }];
    probe.say(answersFrame(b, [{ ...good(''), truncated: true, data: listingOf(entries) }]), doneFrame(b, 1));
    probe.say(answersFrame(c, [good('/bin/sh')]), doneFrame(c, 1));
    expect(await second).toEqual([{ ok: true, entries, truncated: true }]);
    expect(await third).toEqual([{ ok: true, target: '/bin/sh' }]);
  });

  it('joins the answers of a question that took several requests', async () => {
    const { probe, target } = await connected();
    const paths = Array.from({ length: 500 }, (_, i) => `/proc/${i}`);
    const reading = target.read(paths);
    await settle();
    const sizes = [64, 128, 256, 52];
    expect(probe.asked.length).toBe(sizes.length);
    let at = 0;
    for (const [i, size] of sizes.entries()) {
      const answers = paths.slice(at, at + size).map(good);
      at += size;
      probe.say(answersFrame(probe.asked[i] ?? 0, answers), doneFrame(probe.asked[i] ?? 0, size));
    }
    expect((await reading).map((result) => (result.ok ? result.data.toString() : ''))).toEqual(paths);
  });

  it('rejects what is under way and what comes later once the probe is gone', async () => {
    const { probe, target } = await connected();
    const under = [target.read(['/proc/a']), target.memory(1, [{ address: 0n, length: 1 }])];
    const problems = under.map(problemOf);
    probe.end('It was ended by SIGKILL.');
    for (const problem of await Promise.all(problems)) {
      expect(problem.code).toBe('probe-gone');
      expect(problem.why).toBe('It was ended by SIGKILL.');
      expect(problem.remedy).toBeDefined();
    }
    expect((await problemOf(target.link(['/proc/1/exe']))).code).toBe('probe-gone');
    expect(probe.state.closed).toBe(1);
  });

  it('rejects when it is disposed of, and closes once', async () => {
    const { probe, target } = await connected();
    const reading = problemOf(target.read(['/proc/a']));
    target.dispose();
    target.dispose();
    expect((await reading).code).toBe('probe-gone');
    expect(probe.state.closed).toBe(1);
  });

  it.each([
    ['an answer to no question', () => answersFrame(99, [good('x')])],
    ['the end of no question', () => doneFrame(99, 0)],
    ['nonsense', () => Buffer.alloc(64, 0xff)],
  ])('gives up on a probe that sends %s', async (_, frame) => {
    const { probe, target } = await connected();
    const reading = problemOf(target.read(['/proc/a']));
    await settle();
    probe.say(frame());
    expect((await reading).code).toBe('probe-gone');
    expect(probe.state.closed).toBe(1);
  });

  it('gives up on a probe that leaves an item out', async () => {
    const { probe, target } = await connected();
    const reading = problemOf(target.read(['/proc/a', '/proc/b']));
    await settle();
    probe.say(answersFrame(probe.asked[0] ?? 0, [good('A')]), doneFrame(probe.asked[0] ?? 0, 2));
    expect((await reading).why).toMatch(/unanswered/);
  });

  it('rejects a listing that is none, and goes on', async () => {
    const { probe, target } = await connected();
    const listing = target.list(['/proc']).catch((error: unknown) => error);
    await settle();
    probe.say(answersFrame(probe.asked[0] ?? 0, [good('\x05')]), doneFrame(probe.asked[0] ?? 0, 1));
    expect(await listing).toBeInstanceOf(Error);
  });

  it('asks nothing for nothing', async () => {
    const { probe, target } = await connected();
    expect(await target.read([])).toEqual([]);
    expect(probe.asked).toEqual([]);
  });
});

describe('a probe that stops answering', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is given up after a silence that no hung read explains', async () => {
    const { probe, target } = await connected();
    const reading = problemOf(target.read(['/proc/a'], { deadline: 1000 }));
    vi.advanceTimersByTime(9_000);
    await settle();
    expect(probe.state.closed).toBe(0);
    vi.advanceTimersByTime(3_000);
    expect((await reading).why).toMatch(/stopped answering/);
    expect(probe.state.closed).toBe(1);
  });

  it('is not given up while it says something, nor when there is nothing to say', async () => {
    const { probe, target } = await connected();
    const reading = target.read(['/proc/a', '/proc/b', '/proc/c'], { deadline: 1000 });
    await settle();
    const id = probe.asked[0] ?? 0;
    for (let i = 0; i < 3; i++) {
      vi.advanceTimersByTime(9_000);
      probe.say(answersFrame(id, [good(String(i))]));
      await settle();
    }
    probe.say(doneFrame(id, 3));
    expect((await reading).length).toBe(3);
    vi.advanceTimersByTime(3_600_000);
    expect(probe.state.closed).toBe(0);
  });
});
