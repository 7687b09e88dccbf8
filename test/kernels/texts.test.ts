import { expect, it } from 'vitest';
import { parseStack } from '../../src/procfs/stack';
import { onKernels } from './support/onKernels';
import { textOf } from './support/texts';
import { startVictim } from './support/victim';

/** Lines of every descriptor's fdinfo; `ino` came with 5.14. */
const EVERY_FILE = ['pos', 'flags', 'mnt_id', 'ino'];

onKernels((kernel) => {
  it('fdinfo of a ring has the lines that are known of this kernel, and no other', async (context) => {
    const machine = await kernel.machine(context);
    const { pid } = await startVictim(context, machine, 'ring_victim', ['cq-overflow']);

    const text = await textOf(machine.target, `/proc/${pid}/fdinfo/3`);

    const names = [...text.matchAll(/^(\w+):/gm)].map(([, name]) => name ?? '');
    expect(names.filter((name) => !EVERY_FILE.includes(name))).toEqual(kernel.facts.fdinfo);
    const { cqeFlags } = kernel.facts;
    if (cqeFlags === undefined) return expect(text).not.toMatch(/user_data/);
    expect(text.match(new RegExp(`^ +\\d+: user_data:\\d+, res:0, ${cqeFlags}:0$`, 'gm'))).toHaveLength(8);
    expect(text.match(/^ {2}user_data=\d+, res=0, flags=0$/gm)).toHaveLength(32);
    return undefined;
  });

  it('a prepared request is named by its operation', async (context) => {
    const machine = await kernel.machine(context);
    const { pid } = await startVictim(context, machine, 'ring_victim', ['sq-unsubmitted']);

    const text = await textOf(machine.target, `/proc/${pid}/fdinfo/3`);

    const rows = text.match(/^ +\d+: opcode:READ, fd:\d+, flags:0, off:0, addr:0x\w+, rw_flags:0x0/gm) ?? [];
    expect(rows).toHaveLength(kernel.facts.cqeFlags === undefined ? 0 : 5);
  });

  it('the waits of threads and workers are called as they are known to be', async (context) => {
    const machine = await kernel.machine(context);
    const { pid } = await startVictim(context, machine, 'ring_victim', ['fifo-open']);
    const [tasks] = await machine.target.list([`/proc/${pid}/task`]);
    const [first, worker, ...others] = tasks?.ok ? tasks.entries.map(({ name }) => name) : [];
    const read = (tid: string | undefined, file: string) =>
      textOf(machine.target, `/proc/${pid}/task/${tid}/${file}`);

    expect(others).toHaveLength(3);
    expect(first).toBe(String(pid));
    const waiting = framesOf(await read(first, 'stack'));
    expect(waiting[0]).toBe(kernel.facts.waitFrame);
    expect(await read(first, 'wchan')).toBe(kernel.facts.wchan ? kernel.facts.waitFrame : '0');
    expect((await read(worker, 'comm')).trim()).toBe(`iou-wrk-${pid}`);
    const carrying = framesOf(await read(worker, 'stack'));
    expect(carrying[0]).toBe('wait_for_partner');
    for (const frame of [kernel.facts.openFrame, 'io_openat2', 'io_wq_submit_work', kernel.facts.idleWorker])
      expect(carrying).toContain(frame);
    // Since when a task has not run is told by all of them.
    expect(await read(worker, 'sched')).toMatch(/^se\.exec_start +: +\d+\.\d+$/m);
  });
});

const framesOf = (text: string): string[] => parseStack(text).map((frame) => frame.function);
