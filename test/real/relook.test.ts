import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { takeSample } from '../../src/sample/takeSample';
import type { ProbeTarget } from '../../src/target/probeTarget';
import type { Target } from '../../src/target/target';
import { openTestTarget } from './support/probe';

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
    list: (paths, options) => probe.list(paths, options),
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
