import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { look } from '../../src/inspect/look';
import type { Sample } from '../../src/model/sample';
import { countRequests } from '../real/support/expected';
import { answerOf } from '../real/support/inspect';
import type { Machine } from './support/machine';
import { mountHangfs, must } from './support/mounts';
import { onKernels } from './support/onKernels';
import { startVictim, type Testing } from './support/victim';

/** Milliseconds of standing still after which a wait counts as stuck. */
const A_SECOND = 1100;

const workers = (sample: Sample) => sample.tasks.filter(({ kind }) => kind === 'worker');

const wordsOf = (sample: Sample): string =>
  sample.findings.map(({ summary, explanation }) => `${summary} ${explanation}`).join('\n');

/** A small ext4 in a file, which holds the file `data`. */
async function mountExt4(running: Testing, machine: Machine): Promise<string> {
  const place = `/tmp/ext4-${performance.now()}`;
  const image = `${place}.image`;
  await must(
    machine,
    [
      `mkdir ${place}`,
      `truncate -s 8M ${image}`,
      `mke2fs -F ${image}`,
      `mount -t ext4 -o loop ${image} ${place}`,
      `dd if=/dev/zero of=${place}/data bs=64k count=8 conv=fsync`,
    ].join(' && '),
  );
  running.onTestFinished(async () => {
    await machine.run(`fsfreeze --unfreeze ${place}; umount -l ${place}`);
  });
  return place;
}

/** Every request of the only ring, by operation and state. */
function expectListed(sample: Sample, requests: Readonly<Record<string, number>>): void {
  expect(countRequests(sample.requests)).toEqual(requests);
  const inFlight = Object.entries(requests).reduce(
    (sum, [what, count]) => (what.endsWith('prepared') ? sum : sum + count),
    0,
  );
  expect(sample.rings).toMatchObject([{ readable: true, inFlight, explained: inFlight }]);
}

onKernels((kernel) => {
  it('reads of a FUSE file whose server never answers: the workers, the file, the server', async (context) => {
    const machine = await kernel.machine(context);
    const { mount, pid: server } = await mountHangfs(context, machine);
    const path = `${mount}/hang-data`;
    const victim = await startVictim(context, machine, 'ring_victim', ['file', path, 'read', '4']);
    await sleep(A_SECOND);

    const sample = await look(machine.target, victim.pid);

    expect(workers(sample).map(({ state }) => state)).toEqual(['D', 'D', 'D', 'D']);
    for (const { blockedOn, operation } of workers(sample)) {
      expect(blockedOn?.wake).toBe('killable');
      expect(operation).toBe('READ');
    }
    expectListed(sample, { 'READ running': 4 });
    const resource = sample.resources.find(({ fd }) => fd === victim.truth.fd);
    expect(resource).toMatchObject({ path, mount, fsType: 'fuse.hangfs' });
    expect(answerOf(sample).severity).toBe('critical');
    expect(wordsOf(sample)).toContain(path);
    expect(wordsOf(sample)).toMatch(new RegExp(`hangfs \\(${server}\\)`));
  });

  it('direct reads the FUSE server keeps: no thread is blocked, and the answer says where they are', async (context) => {
    const machine = await kernel.machine(context);
    const { mount, pid: server } = await mountHangfs(context, machine);
    const args = ['file', `${mount}/direct-data`, 'read', '4', 'direct'];
    const victim = await startVictim(context, machine, 'ring_victim', args);
    await sleep(A_SECOND);

    const sample = await look(machine.target, victim.pid);

    expect(sample.tasks.map(({ blockedOn }) => blockedOn?.function)).toEqual([kernel.facts.waitFrame]);
    expectListed(sample, { 'READ issued': 4 });
    expect(answerOf(sample).severity).toBe('critical');
    expect(wordsOf(sample)).toMatch(new RegExp(`hangfs \\(${server}\\)`));
  });

  it('reads past the cache of a file not opened with O_DIRECT: the server has them all, or the submitter waits', async (context) => {
    const machine = await kernel.machine(context);
    const { mount, pid: server } = await mountHangfs(context, machine);
    const args = ['file', `${mount}/direct-data`, 'read', '4'];
    const victim = await startVictim(context, machine, 'ring_victim', args);
    await sleep(A_SECOND);

    const sample = await look(machine.target, victim.pid);

    const { fuseReadBlocksSubmitter, waitFrame } = kernel.facts;
    const waits = fuseReadBlocksSubmitter ? 'request_wait_answer' : waitFrame;
    expect(sample.tasks.map(({ blockedOn }) => blockedOn?.function)).toEqual([waits]);
    expectListed(
      sample,
      fuseReadBlocksSubmitter ? { 'READ running': 1, 'READ prepared': 3 } : { 'READ issued': 4 },
    );
    expect(answerOf(sample).severity).toBe('critical');
    expect(wordsOf(sample)).toMatch(new RegExp(`hangfs \\(${server}\\)`));
  });

  it('writes to a frozen ext4: one worker shows, the others queue behind it', async (context) => {
    const machine = await kernel.machine(context);
    const place = await mountExt4(context, machine);
    await must(machine, `fsfreeze --freeze ${place}`);
    const victim = await startVictim(context, machine, 'ring_victim', [
      'file',
      `${place}/data`,
      'write',
      '4',
    ]);
    await sleep(A_SECOND);

    const sample = await look(machine.target, victim.pid);

    expect(workers(sample).map(({ state }) => state)).toContain('D');
    expectListed(sample, { 'WRITE running': 1, 'WRITE queued': 3 });
    const resource = sample.resources.find(({ fd }) => fd === victim.truth.fd);
    expect(resource).toMatchObject({ path: `${place}/data`, mount: place, fsType: 'ext4' });
    expect(answerOf(sample).severity).toBe('critical');
    expect(answerOf(sample).summary).toMatch(/frozen/);
  });

  it('a page that nobody supplies: the submitter itself is stuck, and what its ring still tells', async (context) => {
    const machine = await kernel.machine(context);
    const directory = await mountExt4(context, machine);
    const victim = await startVictim(context, machine, 'ring_victim', ['uffd-read'], { directory });
    await sleep(A_SECOND);

    const sample = await look(machine.target, victim.pid);

    expect(sample.tasks[0]?.blockedOn).toMatchObject({ function: 'handle_userfault' });
    expect(answerOf(sample).severity).not.toBe('info');
    expect(answerOf(sample).summary).toMatch(/userfaultfd/);
    expectListed(sample, { 'READ running': 1 });
  });

  it('an ordinary user sees all but kernel stacks of a process of his own', async (context) => {
    const machine = await kernel.machine(context);
    const victim = await startVictim(context, machine, 'ring_victim', ['fifo-open'], { as: 'user' });

    const sample = await look(await machine.asUser(), victim.pid);

    expect(sample.rights).toMatchObject({ uid: 1000, kernelStacks: false });
    expect(sample.notVisible.map(({ what }) => what)).toContain('kernel stacks');
    expect(sample.tasks).toHaveLength(5);
    expect(sample.rings).toHaveLength(1);
    expectListed(sample, kernel.facts.wchan ? { 'OPENAT running': 4 } : { 'OPENAT issued': 4 });
    for (const row of sample.requests) expect(row.inferred).toContain('state');
    const [first, worker] = sample.tasks;
    if (kernel.facts.wchan) {
      expect(first?.wchan).toBe(kernel.facts.waitFrame);
      expect(worker?.wchan).toBe('wait_for_partner');
      return;
    }
    for (const task of sample.tasks) expect(task).not.toHaveProperty('wchan');
    expect(sample.notVisible.map(({ what }) => what)).toContain('what its tasks wait in');
  });
});
