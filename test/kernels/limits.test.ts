import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { look } from '../../src/inspect/look';
import { answerOf } from '../real/support/inspect';
import type { Machine } from './support/machine';
import { must } from './support/mounts';
import { onKernels } from './support/onKernels';
import { startVictim, type Testing } from './support/victim';

/** Milliseconds of standing still after which a wait counts as stuck. */
const A_SECOND = 1100;

const GROUPS = '/sys/fs/cgroup';

/** A group of cgroup version 2 with these controllers, which `join` makes the process of a shell a member of. */
async function ownGroup(running: Testing, machine: Machine, controllers: readonly string[]) {
  const name = `limited-${Math.round(performance.now())}`;
  const group = `${GROUPS}/${name}`;
  await must(
    machine,
    [
      `{ [ -e ${GROUPS}/cgroup.procs ] || mount -t cgroup2 none ${GROUPS}; }`,
      ...controllers.map((controller) => `echo +${controller} > ${GROUPS}/cgroup.subtree_control`),
      `mkdir ${group}`,
    ].join(' && '),
  );
  running.onTestFinished(async () => {
    await machine.run(
      `kill -9 $(cat ${group}/cgroup.procs); for n in 1 2 3 4 5; do rmdir ${group} && break; sleep 1; done`,
    );
  });
  return { name, group };
}

/** A loop device over 16 MiB of memory, and its number. */
async function ownDisk(running: Testing, machine: Machine): Promise<{ device: string; number: string }> {
  const image = `/tmp/image-${performance.now()}`;
  const { output } = await machine.run(
    `dd if=/dev/zero of=${image} bs=1M count=16 2>/dev/null && losetup -f && losetup -f ${image}`,
  );
  const device = output.trim();
  running.onTestFinished(async () => {
    await machine.run(`losetup -d ${device}`);
  });
  const { output: number } = await machine.run(`cat /sys/block/${device.replace('/dev/', '')}/dev`);
  return { device, number: number.trim() };
}

/** A program that is a member of the group from its first moment on. */
async function startIn(running: Testing, machine: Machine, group: string, command: string) {
  const wrapped = `sh -c 'echo $$ > ${group}/cgroup.procs; exec ${command}'`;
  const victim = await startVictim(running, machine, wrapped, [], { busy: true });
  await sleep(A_SECOND);
  return victim;
}

/** A group whose parent may read two bytes a second of a disk. */
async function limited(running: Testing, machine: Machine) {
  const { name, group } = await ownGroup(running, machine, ['io']);
  const { device, number } = await ownDisk(running, machine);
  await must(machine, `echo '${number} rbps=2' > ${group}/io.max`);
  // Released before the group goes: what a killed process has asked for stands there as long.
  running.onTestFinished(async () => {
    await machine.run(`echo '${number} rbps=max' > ${group}/io.max`);
  });
  return { name, group, device };
}

const HOLDS = (name: string) => `inside the I/O limit of cgroup /${name} (io.max rbps=2 on loop`;

onKernels((kernel) => {
  it('direct reads that io.max holds back: the cgroup, its limit and the disk that has nothing to do', async (context) => {
    const machine = await kernel.machine(context);
    const { name, group, device } = await limited(context, machine);
    const { pid } = await startIn(context, machine, group, `ring_victim file ${device} read 4 direct`);

    const answer = answerOf(await look(machine.target, pid));

    expect(answer).toMatchObject({ tag: 'throttled', severity: 'warning' });
    expect(answer.summary).toContain(HOLDS(name));
    expect(answer.summary).toMatch(
      /^4 reads of \/dev\/loop\d+ wait .*: the disk itself has nothing in flight\.$/,
    );
  });

  it('buffered reads that the io.max of a cgroup above holds back', async (context) => {
    const machine = await kernel.machine(context);
    const { name, group, device } = await limited(context, machine);
    await must(machine, `mkdir ${group}/below`);
    const below = `${group}/below`;
    context.onTestFinished(async () => {
      await machine.run(`for n in 1 2 3 4 5; do rmdir ${below} && break; sleep 1; done`);
    });
    const { pid } = await startIn(context, machine, below, `ring_victim file ${device} read 4 async`);

    const answer = answerOf(await look(machine.target, pid));

    expect(answer).toMatchObject({ tag: 'throttled', severity: 'warning' });
    expect(answer.summary).toContain(HOLDS(name));
  });

  it('a process over memory.high: the cgroup, what it uses and what it may use', async (context) => {
    const machine = await kernel.machine(context);
    const { name, group } = await ownGroup(context, machine, ['memory']);
    await must(machine, `echo 16M > ${group}/memory.high`);
    const { pid } = await startIn(context, machine, group, 'waits memory');

    const answer = answerOf(await look(machine.target, pid));

    expect(answer).toMatchObject({ tag: 'throttled', severity: 'warning' });
    expect(answer.summary).toMatch(
      new RegExp(
        `memory than it should: cgroup /${name} uses 1[67].* and may use 16 MiB \\(memory\\.high\\)`,
      ),
    );
  });

  it('a submitting thread that the cost control of its disk holds back', async (context) => {
    const machine = await kernel.machine(context);
    const { group } = await ownGroup(context, machine, ['io']);
    const { device, number } = await ownDisk(context, machine);
    // A disk that does one request a second, by the model.
    const slow = ['rbps=100 rseqiops=1 rrandiops=1', 'wbps=100 wseqiops=1 wrandiops=1'].join(' ');
    await must(machine, `echo '${number} ctrl=user model=linear ${slow}' > ${GROUPS}/io.cost.model`);
    await must(machine, `echo '${number} enable=1 ctrl=user min=1.00 max=1.00' > ${GROUPS}/io.cost.qos`);
    // Released before the group goes: nothing ends the thread's wait but that.
    context.onTestFinished(async () => {
      await machine.run(`echo '${number} enable=0' > ${GROUPS}/io.cost.qos`);
    });
    const { pid } = await startIn(context, machine, group, `ring_victim file ${device} read 4 direct`);

    const answer = answerOf(await look(machine.target, pid));

    expect(answer).toMatchObject({ tag: 'submitter-stuck', severity: 'warning' });
    expect(answer.summary).toMatch(/its read of \/dev\/loop\d+.* held back by the cost control of its disk/);
    expect(answer.explanation).toContain(`io.cost.qos says ${number} enable=1`);
  });

  it('a frozen process of a pod: the container, and the group above it that is frozen', async (context) => {
    const machine = await kernel.machine(context);
    const { name, group } = await ownGroup(context, machine, []);
    const id = '0123456789abcdef'.repeat(4);
    const pod = '0a1b2c3d_1111_2222_3333_444455556666';
    const inner = `kubepods.slice/kubepods-pod${pod}.slice/cri-containerd-${id}.scope`;
    await must(machine, `mkdir -p ${group}/${inner}`);
    context.onTestFinished(async () => {
      await machine.run(
        `echo 0 > ${group}/cgroup.freeze; kill -9 $(cat ${group}/${inner}/cgroup.procs); sleep 1; find ${group} -mindepth 1 -depth -type d -exec rmdir {} ';'`,
      );
    });
    const { pid } = await startIn(context, machine, `${group}/${inner}`, 'ring_victim eventfd-poll');
    await must(machine, `echo 1 > ${group}/cgroup.freeze`);
    await sleep(A_SECOND);

    const sample = await look(machine.target, pid);

    expect(sample.process.container).toBe(
      `containerd 0123456789ab, pod ${pod.replaceAll('_', '-')} (guaranteed)`,
    );
    expect(sample.cgroup).toMatchObject({ path: `/${name}/${inner}`, frozenBy: `/${name}` });
    expect(answerOf(sample).summary).toMatch(new RegExp(`frozen.*/${name}\\b`));
  });

  it('workers that pids.max does not let be made', async (context) => {
    const machine = await kernel.machine(context);
    const { name, group } = await ownGroup(context, machine, ['pids']);
    await must(machine, `echo 3 > ${group}/pids.max`);
    const { pid } = await startIn(context, machine, group, 'ring_victim fifo-open');

    const sample = await look(machine.target, pid);

    expect(sample.cgroup?.limits).toEqual([{ path: `/${name}`, file: 'pids.max', limit: '3', used: '3' }]);
  });
});
