import { expect, it } from 'vitest';
import { look } from '../../src/inspect/look';
import { answerOf } from '../real/support/inspect';
import { mountHangfs, must } from './support/mounts';
import { onKernels } from './support/onKernels';
import { startVictim } from './support/victim';

onKernels((kernel) => {
  it('contexts of Linux AIO: what is pending and where, by root’s own look', async (context) => {
    const machine = await kernel.machine(context);
    const { mount, pid } = await mountHangfs(context, machine);
    const device = '/dev/loop7';
    await must(machine, `losetup ${device} ${mount}/disk1`);
    context.onTestFinished(async () => {
      await machine.run(`kill -USR2 ${pid}; losetup -d ${device}`);
    });
    await must(machine, `kill -USR1 ${pid}`);
    const victim = await startVictim(context, machine, 'aio', ['mixed', device]);

    const sample = await look(machine.target, victim.pid, { walk: { search: {} } });

    for (const { address, requests, pending, asked, ...told } of victim.truth.contexts ?? []) {
      const found = sample.aio?.find((one) => one.address === address);
      expect(found).toMatchObject(told);
      if (!sample.rights.kernelWalk) continue;
      expect(found).toMatchObject({ pending, asked });
      const rows = found?.requests.map(({ operation, fd, offset = 0, length = 0, userData, iocb }) => {
        return { operation, fd, offset, length, userData, iocb };
      });
      expect(rows).toHaveLength(requests.length);
      expect(rows).toEqual(expect.arrayContaining([...requests]));
    }
    expect(sample.rights.kernelWalk).toBe(kernel.version !== '5.10');
    if (!sample.rights.kernelWalk) return;
    expect(answerOf(sample).severity).toBe('critical');
    expect(answerOf(sample).summary).toContain(`6 reads of ${device} (Linux AIO context`);
  });
});
