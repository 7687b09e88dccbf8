import { expect, it } from 'vitest';
import { listProcesses } from '../../src/sample/listProcesses';
import { onKernels } from './support/onKernels';
import { startVictim } from './support/victim';

onKernels((kernel) => {
  it('the list of processes has a stuck one with its ring', async (context) => {
    const machine = await kernel.machine(context);
    const { pid } = await startVictim(context, machine, 'ring_victim', ['fifo-open']);

    const processes = await listProcesses(machine.target);

    const found = processes.find((process) => process.pid === pid);
    expect(found).toMatchObject({ name: 'ring_victim', rings: 1, uid: 0, state: 'S' });
  });

  it('the kernel’s own types can be read whole', async (context) => {
    const machine = await kernel.machine(context);

    const [file] = await machine.target.read(['/sys/kernel/btf/vmlinux'], {
      limit: 16 << 20,
      deadline: 10_000,
    });

    if (!file?.ok) throw new Error(`BTF: ${file?.errno}`);
    expect(file.truncated).toBe(false);
    // linux/btf.h: magic, version 1; then the head's length, and where types and strings are behind it.
    expect(file.data.readUInt32LE(0)).toBe(0x1eb9f);
    const [head, types, typesLength, strings, stringsLength] = [4, 8, 12, 16, 20].map((at) =>
      file.data.readUInt32LE(at),
    );
    expect([types, strings]).toEqual([0, typesLength]);
    expect(file.data.length).toBe((head ?? 0) + (strings ?? 0) + (stringsLength ?? 0));
    expect(file.data.includes('io_kiocb\0')).toBe(true);
  });
});
