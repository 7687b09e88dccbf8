import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Sample } from '../../src/model/sample';
import { takeSample } from '../../src/sample/takeSample';
import { openLocal } from '../../src/target/local';
import type { ProbeTarget } from '../../src/target/probeTarget';
import type { Target } from '../../src/target/target';
import { openTestTarget, self, testProbe } from './support/probe';
import { skipUnless } from './support/rights';
import { Turns } from './support/turns';
import { startVictim } from './support/victim';

let probe: ProbeTarget;
let asked: string[];
let target: Target;

beforeAll(async () => {
  probe = await openTestTarget();
  target = {
    label: probe.label,
    frozen: probe.frozen,
    rights: probe.rights,
    arch: probe.arch,
    ...(probe.self === undefined ? {} : { self: probe.self }),
    read: (paths, options) => {
      asked.push(...paths);
      return probe.read(paths, options);
    },
    list: (paths, options) => {
      asked.push(...paths);
      return probe.list(paths, options);
    },
    link: (paths, options) => probe.link(paths, options),
    inodes: (paths, options) => probe.inodes(paths, options),
    memory: (pid, ranges, options) => probe.memory(pid, ranges, options),
    dispose: () => undefined,
  };
  asked = [];
});
afterAll(() => probe.dispose());

/** A shell that opens a file, then starts a thread's worth of nothing, each when it is told to. */
async function shell() {
  const child = spawn('sh', ['-c', 'echo up; read a; exec 9</dev/null; echo opened; read b'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  await once(child.stdout, 'data');
  const { pid } = child;
  if (pid === undefined) throw new Error('no shell');
  return { child, pid };
}

describe('a look right after another', () => {
  it('reads what moves alone, and says the same of what stands', async () => {
    const { child, pid } = await shell();
    try {
      asked = [];
      const first = await takeSample(target, pid);
      const whole = asked.length;
      asked = [];
      const second = await takeSample(target, pid, { previous: first });
      expect(asked.length).toBeLessThan(whole / 2);
      expect(asked.some((path) => path.endsWith('/mountinfo'))).toBe(false);
      expect(second.resources).toEqual(first.resources);
      expect(second.tasks.map(({ blocked: _, ...task }) => task)).toEqual(
        first.tasks.map(({ blocked: _, ...task }) => task),
      );
      expect(second.host.uptime ?? 0).toBeGreaterThanOrEqual(first.host.uptime ?? 0);
      // A copy, as the explanation makes one, is as good as the Sample itself.
      asked = [];
      await takeSample(target, pid, { previous: { ...second } });
      expect(asked.length).toBeLessThan(whole / 2);
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('reads no stack of what has not run, and the new one of what has', async (context) => {
    skipUnless(context, 'root');
    const child = spawn('sh', ['-c', 'echo up; read a; read b; sleep 30 & wait'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    await once(child.stdout, 'data');
    const pid = child.pid ?? 0;
    const stackOf = (sample: Sample) => sample.tasks[0]?.kernelStack?.map((frame) => frame.function);
    const stacksRead = () => asked.filter((path) => path.endsWith(`/task/${pid}/stack`)).length;
    try {
      await sleep(400);
      const first = await takeSample(target, pid, { previous: await takeSample(target, pid) });
      asked = [];
      const second = await takeSample(target, pid, { previous: first });
      expect(stacksRead()).toBe(0);
      expect(stackOf(second)).toEqual(stackOf(first));
      expect(stackOf(second)?.join()).toMatch(/read/);
      // It waits for the next line as it did for the first: the same stack, and yet it has run.
      child.stdin.write('\n');
      await sleep(300);
      asked = [];
      const third = await takeSample(target, pid, { previous: second });
      expect(stacksRead()).toBe(1);
      expect(third.tasks[0]?.lastRan).not.toBe(second.tasks[0]?.lastRan);
      child.stdin.write('\n');
      await sleep(300);
      const last = await takeSample(target, pid, { previous: third });
      expect(stackOf(last)?.join()).toMatch(/wait|suspend/);
      expect(stackOf(last)).toEqual(stackOf(await takeSample(target, pid)));
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('says as well what of the kernel is not read, for that is switched off', async (context) => {
    skipUnless(context, 'ioUring');
    const without = await openLocal(await testProbe(), { kernelMemory: false });
    context.onTestFinished(() => without.dispose());
    const { pid } = await startVictim(context, self, 'ring_victim', ['fifo-open']);
    const first = await takeSample(without, pid);
    const second = await takeSample(without, pid, { previous: first });
    const off = ({ notVisible }: Sample) => notVisible.filter(({ why }) => why.includes('switched off'));
    expect(off(first)).toHaveLength(1);
    expect(off(second)).toEqual(off(first));
  });

  it('looks at everything again when a descriptor has come', async () => {
    const { child, pid } = await shell();
    try {
      const first = await takeSample(target, pid);
      child.stdin.write('\n');
      await once(child.stdout, 'data');
      const second = await takeSample(target, pid, { previous: first });
      expect(first.resources.some(({ fd }) => fd === 9)).toBe(false);
      expect(second.resources.find(({ fd }) => fd === 9)?.path).toBe('/dev/null');
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('costs one or two round trips on the schedule of a window, and tells what has become of files meanwhile', async () => {
    const turns = new Turns();
    const far = turns.of(probe);
    const { child, pid } = await shell();
    /** The best of a few: every fifth second other processes are searched, of which new ones come. */
    const onSchedule = async (before: Sample) => {
      let sample = before;
      let least = Number.POSITIVE_INFINITY;
      for (let look = 0; look < 3; look++) {
        await sleep(2000);
        turns.count = 0;
        sample = await takeSample(far, pid, { previous: sample });
        least = Math.min(least, turns.count);
      }
      return { sample, least };
    };
    try {
      const first = await takeSample(far, pid);
      process.stdout.write(`a whole first look: ${turns.count} round trips\n`);
      const { sample, least } = await onSchedule(first);
      expect(least).toBeLessThanOrEqual(2);
      expect(sample.resources).toEqual(first.resources);
      expect(sample.requests).toEqual(first.requests);
      child.stdin.write('\n');
      await once(child.stdout, 'data');
      await sleep(2000);
      const opened = await takeSample(far, pid, { previous: sample });
      expect(opened.resources.find(({ fd }) => fd === 9)?.path).toBe('/dev/null');
      expect(Date.parse(opened.takenAt) - Date.parse(first.takenAt)).toBeGreaterThan(8000);
      child.kill('SIGKILL');
      await once(child, 'close');
      await sleep(2000);
      await expect(takeSample(far, pid, { previous: opened })).rejects.toMatchObject({
        code: 'no-such-process',
      });
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('says that the process has ended when it has', async () => {
    const { child, pid } = await shell();
    const first = await takeSample(target, pid);
    child.kill('SIGKILL');
    await once(child, 'close');
    await expect(takeSample(target, pid, { previous: first })).rejects.toMatchObject({
      code: 'no-such-process',
    });
  });
});

describe('who holds the other end', () => {
  it('is asked of those who held it and of new processes alone, and who has ended is noticed', async () => {
    // Without descriptors that every program here may have inherited: whoever is new would hold them, too.
    const alone = `for fd in /proc/$$/fd/*; do fd=\${fd##*/}; [ "$fd" -le 2 ] || eval "exec $fd>&-"; done; exec sh -c "$0"`;
    const child = spawn(
      'bash',
      ['-c', alone, "{ sleep 300 & echo $! >&2; sleep 301; } | sh -c 'echo $$ >&2; read a'"],
      { detached: true, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    try {
      let text = '';
      for await (const chunk of child.stderr) {
        text += String(chunk);
        if (text.split('\n').length > 2) break;
      }
      const told = text.trim().split('\n').map(Number);
      const commandOf = async (pid: number) =>
        (await probe.read([`/proc/${pid}/cmdline`])).map((file) => (file.ok ? String(file.data) : ''))[0] ??
        '';
      const [first = 0, second = 0] = told;
      const [sleeper, reader] = (await commandOf(first)).startsWith('sleep')
        ? [first, second]
        : [second, first];
      const peersOf = ({ resources }: Sample) =>
        resources.find(({ fd }) => fd === 0)?.peers?.map(({ pid }) => pid) ?? [];
      // Until the shells have put every descriptor where it stays.
      await sleep(1500);
      const before = await takeSample(target, reader);
      expect(peersOf(before)).toContain(sleeper);
      await sleep(5500);
      asked = [];
      const later = await takeSample(target, reader, { previous: before });
      const [all] = await probe.list(['/proc']);
      const processes = all?.ok ? all.entries.filter(({ name }) => /^\d+$/.test(name)).length : 0;
      expect(asked.filter((path) => /^\/proc\/\d+\/fd$/.test(path)).length).toBeLessThan(processes / 2);
      expect(asked.filter((path) => path.endsWith('/mountinfo')).length).toBeGreaterThan(0);
      expect(peersOf(later)).toEqual(peersOf(before));
      process.kill(sleeper, 'SIGKILL');
      await sleep(2500);
      const last = await takeSample(target, reader, { previous: later });
      expect(peersOf(last)).toEqual(peersOf(before).filter((pid) => pid !== sleeper));
    } finally {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    }
  });
});
