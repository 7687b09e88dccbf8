import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { ProcessSummary } from '../../src/model/process';
import type { Sample } from '../../src/model/sample';
import { ACTORS, actor, actorMissing } from './support/actor';
import { runInside, startContained, startUnshared } from './support/containers';
import { answerOf, inspect, run, sampleFrom } from './support/inspect';
import { mountHangfs } from './support/mounts';
import { statusOf, tasksOf } from './support/proc';
import { skipUnless } from './support/rights';
import { startVictim } from './support/victim';

/** From then on a wait counts as one. */
const STILL = 1200;
const POD = '0a1b2c3d-1111-2222-3333-444455556666';

/** A task of the process by the number it has in its own namespace. */
function taskCalled(pid: number, own: number): number | undefined {
  return tasksOf(pid).find(({ tid }) => Number(statusOf(tid, 'NSpid')?.split(/\s+/).at(-1)) === own)?.tid;
}

const workersOf = (sample: Sample) =>
  sample.requests.map(({ worker }) => worker).sort((a = 0, b = 0) => a - b);

// They wait most of their time.
describe.concurrent('a process in a container of crun, seen from the host', () => {
  it.for([
    ['docker/ID', 'docker 0123456789ab'],
    [`kubepods/burstable/pod${POD}/ID`, `kubernetes 0123456789ab, pod ${POD} (burstable)`],
    ['libpod-ID/container', 'podman 0123456789ab'],
  ] as const)('is named with it, in the list and by itself: %s', async ([cgroup, container], context) => {
    skipUnless(context, 'containers', 'ioUring');
    const who = actor('root');
    const { pid } = await startContained(context, 'ring_victim', ['eventfd-poll'], { cgroup });
    const { process } = await inspect(who, pid);
    expect(process).toMatchObject({ container, namespacePids: [pid, 1] });
    const rows = JSON.parse((await run(who, '--json')).stdout) as ProcessSummary[];
    expect(rows.find((row) => row.pid === pid)).toMatchObject({ container, namespacePids: [pid, 1] });
    const report = (await run(who, String(pid))).stdout.replace(/\s+/g, ' ');
    expect(report).toContain(`1 in ${container}`);
  });

  it('has its workers and the requests they carry, by the host’s numbers', async (context) => {
    skipUnless(context, 'containers', 'ioUring', 'kernelMemory');
    const { pid } = await startContained(context, 'ring_victim', ['fifo-open']);
    const sample = await inspect(actor('root'), pid);
    expect(sample.rights.kernelWalk).toBe(true);
    const workers = tasksOf(pid).filter(({ comm }) => comm.startsWith('iou-wrk-'));
    expect(workersOf(sample)).toEqual(workers.map(({ tid }) => tid));
    expect(sample.notVisible).toEqual([]);
  });

  it('says paths and mounts as the container has them, the server and the layers as the host has', async (context) => {
    skipUnless(context, 'containers', 'ioUring', 'fuse');
    const { directory, server } = await mountHangfs(context);
    const volumes = { '/mnt/data': directory };
    const args = ['file', '/mnt/data/hang-data', 'read', '4'];
    const { pid } = await startContained(context, 'ring_victim', args, { volumes });
    await sleep(STILL);
    const sample = await inspect(actor('root'), pid);
    expect(answerOf(sample)).toMatchObject({ severity: 'critical' });
    expect(answerOf(sample).summary).toContain('/mnt/data/hang-data');
    expect(answerOf(sample).summary).toContain(`hangfs (${server.pid})`);
    expect(sample.resources.find(({ path }) => path === '/mnt/data/hang-data')).toMatchObject({
      mount: '/mnt/data',
      holder: { pid: server.pid },
    });
  });

  it('knows what its root is made of, and files of the host that it was started with', async (context) => {
    skipUnless(context, 'containers', 'ioUring');
    const { pid, base } = await startContained(context, 'ring_victim', ['file', '/srv/below', 'read', '1']);
    const { resources } = await inspect(actor('root'), pid);
    const file = resources.find(({ path }) => path === '/srv/below');
    expect(file).toMatchObject({ mount: '/', fsType: 'overlay' });
    expect(file?.layers?.map(({ directory }) => directory)).toContain(`${base}/upper`);
    expect(file?.layers?.[0]?.blockDevice).toBeDefined();
    const given = resources.find(({ path }) => path === `${base}/config.json`);
    expect(given).toMatchObject({ fd: 0, fsType: expect.not.stringMatching(/^overlay$/) });
    const [, mount] =
      /(\S+)$/.exec(execFileSync('df', ['--output=target', base], { encoding: 'utf8' }).trim()) ?? [];
    expect(given?.mount).toBe(mount);
  });

  it.for(['lock-mutex', 'lock-pi', 'lock-robust'])(
    'names the thread that holds a lock, whose word has another number: %s',
    async (scene, context) => {
      skipUnless(context, 'containers');
      const { pid } = await startContained(context, 'pends', [scene]);
      await sleep(STILL);
      const holder = tasksOf(pid).find(({ comm }) => comm === 'holder')?.tid;
      const sample = await inspect(actor('root'), pid);
      expect(answerOf(sample).summary).toContain(`a mutex that thread holder (${holder}) holds`);
    },
  );

  it.for(['waitid-pid', 'waitid-pidfd', 'wait4-stopped'])(
    'names the child that is waited for, whose pid is another one there: %s',
    async (scene, context) => {
      skipUnless(context, 'containers', 'ioUring');
      const { pid } = await startContained(context, 'pends', [scene]);
      await sleep(STILL);
      const first = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')[0]);
      const sample = await inspect(actor('root'), pid);
      expect(answerOf(sample).summary).toContain(`its child process worker-a (${first}) to end`);
    },
  );

  it.for([
    ['pipe-read', false],
    ['unix-read', true],
  ] as const)('names who is at the other end: %s', async ([scene, hostNetwork], context) => {
    skipUnless(context, 'containers');
    const { pid } = await startContained(context, 'peers', [scene], { hostNetwork });
    await sleep(STILL);
    const child = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'));
    const sample = await inspect(actor('root'), pid);
    expect(answerOf(sample).summary).toContain(`other-end (${child})`);
  });

  it('does not say who is at the other end of a unix socket in its own network', async (context) => {
    skipUnless(context, 'containers');
    const { pid } = await startContained(context, 'peers', ['unix-read']);
    await sleep(STILL);
    const { notVisible } = await inspect(actor('root'), pid);
    expect(notVisible).toMatchObject([{ why: expect.stringContaining('another network namespace') }]);
  });
});

describe('an inspector inside of the container', () => {
  it('matches the kernel’s tasks with those of its own /proc', async (context) => {
    skipUnless(context, 'containers', 'ioUring', 'kernelMemory');
    const contained = await startContained(context, 'ring_victim', ['fifo-open']);
    const sample = sampleFrom(await runInside(contained, actor('root'), '1', '--json'));
    expect(sample).toMatchObject({ rights: { kernelWalk: true }, process: { pid: 1 }, notVisible: [] });
    expect(sample.process.namespacePids).toBeUndefined();
    const workers = sample.tasks.filter(({ kind }) => kind === 'worker').map(({ tid }) => tid);
    expect(workersOf(sample)).toEqual(workers);
    for (const own of workers) expect(taskCalled(contained.pid, own)).toBeGreaterThan(0);
    expect(sample.requests.map(({ certainty }) => certainty)).toEqual(workers.map(() => 'certain'));
    expect(sample.workerPools).toMatchObject([{ tid: 1, bounded: { workers: workers.length } }]);
  });

  it.for([[], ['--no-kernel-memory']])(
    'takes no number of the host for the SQPOLL thread: %s',
    async (how, context) => {
      skipUnless(context, 'containers', 'ioUring', 'kernelMemory');
      const contained = await startContained(context, 'ring_victim', ['sqpoll-idle']);
      const sample = sampleFrom(await runInside(contained, actor('root'), '1', '--json', ...how));
      const thread = sample.tasks.find(({ kind }) => kind === 'sqpoll')?.tid;
      expect(thread).toBeGreaterThan(0);
      const [ring] = sample.rings;
      expect(ring?.setup).toContain('SQPOLL');
      expect(ring?.sqpollTid).toBe(how.length === 0 ? thread : undefined);
    },
  );

  it('names the holder of a lock by its own numbers', async (context) => {
    skipUnless(context, 'containers');
    const contained = await startContained(context, 'pends', ['lock-pi']);
    await sleep(STILL);
    const sample = sampleFrom(await runInside(contained, actor('root'), '1', '--json'));
    const [, own] = /a mutex that thread holder \((\d+)\) holds/.exec(answerOf(sample).summary) ?? [];
    expect(taskCalled(contained.pid, Number(own))).toBeDefined();
  });

  it('does not walk where its /proc is the host’s and its own pids are not', async (context) => {
    skipUnless(context, 'containers', 'ioUring', 'kernelMemory');
    const { pid } = await startContained(context, 'ring_victim', ['fifo-open']);
    const who = actor('root');
    const through = ['--pid', '--fork', '--kill-child', who.node];
    const sample = await inspect({ ...who, node: 'unshare', through }, pid);
    expect(sample.rights.kernelWalk).toBe(false);
    expect(sample.notVisible).toContainEqual(
      expect.objectContaining({ why: expect.stringContaining('another PID namespace than the inspector') }),
    );
    expect(sample.requests).toHaveLength(4);
  });
});

describe.each(ACTORS)('as %s, a process in namespaces that no engine made', (name) => {
  it('is in a container of its own', async (context) => {
    const missing = actorMissing(name);
    if (missing !== undefined) context.skip(missing);
    skipUnless(context, 'ioUring', 'userNamespaces');
    const who = actor(name);
    const { pid, ownPid } = await startUnshared(context, who, 'ring_victim', ['fifo-open']);
    const sample = await inspect(who, pid);
    expect(sample.process).toMatchObject({
      container: expect.stringMatching(/^a container of its own \(PID namespace \d+\)$/),
      namespacePids: [pid, ownPid],
    });
    const workers = tasksOf(pid).filter(({ comm }) => comm.startsWith('iou-wrk-'));
    expect(workersOf(sample)).toEqual(workers.map(({ tid }) => tid));
    expect(answerOf(sample).summary).toMatch(/4 opens/);
  });

  it('is not told to use sudo by an inspector that is in a user namespace itself', async (context) => {
    const missing = actorMissing(name);
    if (missing !== undefined) context.skip(missing);
    skipUnless(context, 'ioUring', 'userNamespaces');
    const who = actor(name);
    const through = ['--user', '--map-root-user', who.node];
    const { pid } = await startVictim(context, who, 'ring_victim', ['fifo-open']);
    const { notVisible } = await inspect({ ...who, node: 'unshare', through }, pid);
    const row = notVisible.find(({ what }) => what === 'kernel stacks');
    expect(row?.why).toContain('user namespace');
    expect(row?.remedy).toBe('inspect it from the host, with sudo');
  });
});
