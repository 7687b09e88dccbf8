import { describe, expect, it } from 'vitest';
import type { Sample } from '../../src/model/sample';
import { ACTORS, type Actor, actor, actorMissing } from './support/actor';
import { frozenCgroup } from './support/cgroups';
import { lockedOut } from './support/fileLocks';
import { answerOf, inspect, run } from './support/inspect';
import { frozenFileSystem, mountHangfs, silentDisk, silentTower } from './support/mounts';
import { tasksOf, until } from './support/proc';
import { skipUnless } from './support/rights';
import { type Running, startVictim, type Victim } from './support/victim';

/** Waits until so many io-wq workers of the victim are in state D, by the kernel's own word. */
async function workersInD({ pid }: Victim, count: number): Promise<void> {
  const stuck = () =>
    tasksOf(pid).filter(({ comm, state }) => comm.startsWith('iou-wrk-') && state === 'D').length;
  await until(() => stuck() >= count, `${count} workers of ${pid} in state D`);
}

/** A second of standing still: from then on a wait counts as stuck. */
async function aSecond(since: number): Promise<void> {
  await until(() => performance.now() - since > 1100, 'a second passes');
}

const workers = (sample: Sample) => sample.tasks.filter(({ kind }) => kind === 'worker');

interface Stuck {
  readonly running: Running;
  readonly who: Actor;
}

async function fileVictim({ running, who }: Stuck, path: string, ...args: string[]): Promise<Victim> {
  return startVictim(running, who, 'ring_victim', ['file', path, ...args]);
}

describe.each(ACTORS)('as %s, with a file system or disk that hangs', (name) => {
  const whoever = (context: Running): Stuck => {
    const missing = actorMissing(name);
    if (missing !== undefined) context.skip(missing);
    return { running: context, who: actor(name) };
  };

  it('reads of a FUSE file whose server never answers: the workers, the file, the server', async (context) => {
    skipUnless(context, 'ioUring', 'fuse');
    const stuck = whoever(context);
    const { directory, server } = await mountHangfs(context);
    const path = `${directory}/hang-data`;
    const victim = await fileVictim(stuck, path, 'read', '4');
    await workersInD(victim, 4);
    await aSecond(performance.now());

    const sample = await inspect(stuck.who, victim.pid);

    expect(workers(sample).map(({ state }) => state)).toEqual(['D', 'D', 'D', 'D']);
    for (const { blockedOn, blocked } of workers(sample)) {
      expect(blockedOn?.wake).toBe('killable');
      // More than a second in truth; the clocks of two processors may differ by a good part of that.
      expect(blocked).toBeGreaterThan(0);
    }
    expect(sample.rings[0]).toMatchObject({ inFlight: 4 });
    const resource = sample.resources.find(({ fd }) => fd === victim.truth.fd);
    expect(resource).toMatchObject({ path, mount: directory, fsType: 'fuse.hangfs' });
    const answer = answerOf(sample);
    expect(answer.severity).toBe('critical');
    const words = `${answer.summary} ${answer.explanation} ${answer.remedy}`;
    expect(words).toContain(path);
    expect(words).toMatch(/FUSE/);
    if (name === 'root') {
      expect(resource?.holder).toMatchObject({ pid: server.pid, name: 'hangfs' });
      expect(resource?.waiting).toBeGreaterThanOrEqual(4);
      expect(
        sample.requests.filter(({ operation, state }) => `${operation} ${state}` === 'READ running'),
      ).toHaveLength(4);
    }
  });

  it('a hundred reads that take five seconds each: all workers busy, the rest queued', async (context) => {
    skipUnless(context, 'ioUring', 'fuse');
    const stuck = whoever(context);
    const { directory } = await mountHangfs(context);
    const victim = await fileVictim(stuck, `${directory}/slow5-data`, 'read', '100');
    await workersInD(victim, 1);
    const started = performance.now();
    await until(() => performance.now() - started > 1500, 'more than a second of waiting');

    const sample = await inspect(stuck.who, victim.pid);

    const [ring] = sample.rings;
    const stuckWorkers = workers(sample).filter(({ state }) => state === 'D').length;
    expect(stuckWorkers).toBeGreaterThanOrEqual(1);
    expect(ring?.inFlight).toBeGreaterThan(80);
    expect(ring?.explained).toBe(ring?.inFlight);
    const states = sample.requests.map(({ state, path }) => `${state} ${path}`);
    expect(states).toContain(`queued ${directory}/slow5-data`);
    expect(states.filter((state) => state.startsWith('running')).length).toBe(stuckWorkers);
    const words = sample.findings.map(({ summary, explanation }) => `${summary} ${explanation}`).join('\n');
    expect(words).toContain(`${directory}/slow5-data`);
    expect(answerOf(sample).severity).not.toBe('info');
  });

  it('direct reads the FUSE server keeps: no thread is blocked, and the answer says where they are', async (context) => {
    skipUnless(context, 'ioUring', 'fuse');
    const stuck = whoever(context);
    const { directory, server } = await mountHangfs(context);
    const path = `${directory}/direct-data`;
    const victim = await fileVictim(stuck, path, 'read', '4');

    const sample = await inspect(stuck.who, victim.pid);

    expect(sample.tasks.map(({ state }) => state)).not.toContain('D');
    expect(sample.rings[0]).toMatchObject({ inFlight: 4, explained: 4 });
    expect(sample.requests.map(({ state, path: file }) => [state, file])).toEqual(
      Array.from({ length: 4 }, () => ['issued', path]),
    );
    const words = sample.findings.map(({ summary, explanation }) => `${summary} ${explanation}`).join('\n');
    if (name === 'root') {
      expect(answerOf(sample).severity).toBe('critical');
      expect(words).toMatch(/FUSE/);
      expect(words).toContain(String(server.pid));
    } else {
      expect(words).toMatch(/4 requests/);
    }
  });

  it('a plain read of the same, without io_uring', async (context) => {
    skipUnless(context, 'fuse');
    const stuck = whoever(context);
    const { directory } = await mountHangfs(context);
    const path = `${directory}/hang-plain`;
    const victim = await startVictim(context, stuck.who, 'ring_victim', ['plain', path]);
    await until(() => tasksOf(victim.pid)[0]?.state === 'D', 'the reader is in state D');
    await aSecond(performance.now());

    const sample = await inspect(stuck.who, victim.pid);

    expect(sample.rings).toEqual([]);
    expect(sample.tasks).toHaveLength(1);
    expect(sample.tasks[0]).toMatchObject({ state: 'D', kind: 'thread', blockedOn: { wake: 'killable' } });
    const answer = answerOf(sample);
    expect(answer.severity).toBe('critical');
    expect(`${answer.summary} ${answer.explanation}`).toContain(path);
  });

  it('writes to a frozen ext4: one worker shows, the others queue behind it', async (context) => {
    skipUnless(context, 'ioUring', 'loop', 'freeze');
    const stuck = whoever(context);
    const directory = frozenFileSystem(context);
    const victim = await fileVictim(stuck, `${directory}/data`, 'write', '4');
    await workersInD(victim, 1);
    await aSecond(performance.now());

    const sample = await inspect(stuck.who, victim.pid);

    expect(workers(sample).map(({ state }) => state)).toContain('D');
    expect(sample.rings[0]).toMatchObject({ inFlight: 4 });
    const resource = sample.resources.find(({ fd }) => fd === victim.truth.fd);
    expect(resource).toMatchObject({ path: `${directory}/data`, mount: directory, fsType: 'ext4' });
    const answer = answerOf(sample);
    const words = `${answer.summary} ${answer.explanation} ${answer.remedy}`;
    if (name === 'root') {
      expect(answer.severity).toBe('critical');
      expect(words).toMatch(/frozen/);
      expect(words).toMatch(/fsfreeze|thaw/i);
    } else expect(answer.severity).not.toBe('info');
    expect(words).toContain(directory);
  });
});

describe('with a disk that answers nothing', () => {
  it.for(['direct', 'buffered'] as const)(
    '%s reads: the device is named, and what is inside it',
    async (how, context) => {
      skipUnless(context, 'ioUring', 'fuse', 'loop');
      const stuck = { running: context, who: actor('root') };
      const { device } = await silentDisk(context);
      const victim = await fileVictim(stuck, device, 'read', '4', ...(how === 'direct' ? ['direct'] : []));
      await aSecond(performance.now());

      const sample = await inspect(stuck.who, victim.pid);

      expect(sample.rings[0]).toMatchObject({ inFlight: 4 });
      const resource = sample.resources.find(({ fd }) => fd === victim.truth.fd);
      expect(resource).toMatchObject({ kind: 'device', path: device });
      const disk = sample.devices?.find(({ name: own }) => `/dev/${own}` === device);
      if (how === 'direct') expect(disk?.inFlightReads).toBe(4);
      else expect(disk?.inFlightReads).toBeGreaterThan(0);
      const answer = answerOf(sample);
      expect(answer.severity).toBe('critical');
      expect(`${answer.summary} ${answer.explanation}`).toContain(device.slice('/dev/'.length));
    },
  );
});

describe('with what stands behind', () => {
  it('a disk over a file of a hung FUSE server: the finding names the server', async (context) => {
    skipUnless(context, 'ioUring', 'fuse', 'loop');
    const stuck = { running: context, who: actor('root') };
    const { device, directory, server } = await silentDisk(context);
    const victim = await fileVictim(stuck, device, 'read', '4', 'direct');
    await aSecond(performance.now());

    const sample = await inspect(stuck.who, victim.pid);

    const disk = sample.devices?.find(({ name }) => `/dev/${name}` === device);
    expect(disk).toMatchObject({
      backingFile: `${directory}/disk1`,
      backing: { fsType: 'fuse.hangfs', mount: directory, holder: { pid: server.pid, name: 'hangfs' } },
      finished: 0,
    });
    expect(disk?.backing?.waiting).toBeGreaterThan(0);
    const answer = answerOf(sample);
    expect(answer.summary).toContain(`hangfs (${server.pid})`);
    expect(answer.remedy).toContain(directory);
    const { stdout } = await run(stuck.who, String(victim.pid));
    expect(stdout.replace(/\s+/g, ' ')).toContain(`over ${directory}/disk1 (fuse.hangfs, served by hangfs`);
  });

  it('a loop device over a file of a loop device: the chain down to the hung server', async (context) => {
    skipUnless(context, 'ioUring', 'fuse', 'loop', 'freeze');
    const stuck = { running: context, who: actor('root') };
    const { device, lower, server } = await silentTower(context);
    const victim = await fileVictim(stuck, device, 'read', '4', 'direct');
    await aSecond(performance.now());

    const sample = await inspect(stuck.who, victim.pid);

    const [upper, below] = [device, lower].map((node) =>
      sample.devices?.find(({ name }) => `/dev/${name}` === node),
    );
    expect(upper?.backing).toMatchObject({ blockDevice: lower.slice('/dev/'.length) });
    expect(below?.backing).toMatchObject({ fsType: 'fuse.hangfs', holder: { pid: server.pid } });
    const answer = answerOf(sample);
    expect(answer.severity).toBe('critical');
    expect(`${answer.summary} ${answer.explanation}`).toContain(`hangfs (${server.pid})`);
  });

  it('a cgroup that is frozen, in which every thread looks asleep: who was told to freeze', async (context) => {
    skipUnless(context, 'root');
    const victim = await startVictim(context, actor('root'), 'ring_victim', ['pipe-read']);
    const group = frozenCgroup(context, victim.pid);

    const sample = await inspect(actor('root'), victim.pid);

    expect(sample.cgroup).toMatchObject({ path: group, frozenBy: group });
    expect(answerOf(sample)).toMatchObject({ tag: 'cgroup-frozen', severity: 'warning' });
    expect(answerOf(sample).summary).toContain(group);
  });

  it('a lock of a file: who holds it, and what must let go', async (context) => {
    skipUnless(context, 'root');
    const { holder, waiter, path } = await lockedOut(context);
    await aSecond(performance.now());

    const sample = await inspect(actor('root'), waiter);

    const held = { type: 'FLOCK', access: 'WRITE', range: '0-EOF', holder: { pid: holder, name: 'sleep' } };
    expect(sample.resources.find((resource) => resource.path === path)?.awaitedLocks).toEqual([held]);
    const answer = answerOf(sample);
    expect(answer).toMatchObject({ tag: 'waits-for-lock', severity: 'info' });
    expect(answer.summary).toContain(`sleep (${holder})`);
    expect(answer.remedy).toContain(`sleep (${holder})`);
  });
});

describe.each(ACTORS)('as %s, with a page that nobody supplies', (name) => {
  it('the submitter itself is stuck in the middle of a batch, and the memory of its ring tells of what', async (context) => {
    skipUnless(context, 'ioUring');
    const missing = actorMissing(name);
    if (missing !== undefined) context.skip(missing);
    const who = actor(name);
    const victim = await startVictim(context, who, 'ring_victim', ['uffd-read']);
    await aSecond(performance.now());

    const sample = await inspect(who, victim.pid);

    expect(sample.tasks[0]?.wchan).toBe('handle_userfault');
    expect(sample.tasks[0]?.blockedOn).toMatchObject({ function: 'handle_userfault' });
    expect(sample.requests.filter(({ state }) => state === 'running')).toMatchObject([
      { operation: expect.stringMatching(/READ/), worker: victim.pid },
    ]);
    expect(sample.faultHandlers).toMatchObject([{ pid: victim.pid }]);
    const answer = answerOf(sample);
    expect(answer.severity).not.toBe('info');
    expect(answer.summary).toMatch(/its own process, which holds the userfaultfd/);
  });
});
