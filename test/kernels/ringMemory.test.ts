import { expect, it } from 'vitest';
import type { Machine } from './support/machine';
import { onKernels } from './support/onKernels';
import { textOf } from './support/texts';
import { startVictim } from './support/victim';

/** Never mapped. */
const NOWHERE = 0x1000n;
const SQES = 0x10000000n;
const IORING_OP_READ = 22;

/** The ring at descriptor 3 of that process: where its head and its SQEs are mapped. */
async function mappingsOf(machine: Machine, pid: number): Promise<{ head: bigint; sqes: bigint }> {
  const maps = await textOf(machine.target, `/proc/${pid}/maps`);
  const address = (offset: string) =>
    BigInt(`0x${new RegExp(`^(\\w+)-\\w+ rw-s ${offset} .*\\[io_uring\\]$`, 'm').exec(maps)?.[1]}`);
  return { head: address('00000000'), sqes: address('10000000') };
}

onKernels((kernel) => {
  it.for(['root', 'user'] as const)('%s can read the memory of a ring', async (who, context) => {
    const machine = await kernel.machine(context);
    const as = who === 'user' ? { as: who } : {};
    const { pid } = await startVictim(context, machine, 'ring_victim', ['sq-unsubmitted'], as);
    const { head, sqes } = await mappingsOf(machine, pid);
    const target = who === 'user' ? await machine.asUser() : machine.target;
    const ring = (offset: bigint) => ({ ring: { fd: 3, offset } });

    const [plain, plainSqes, mapped, mappedSqes, either] = await target.memory(pid, [
      { address: head, length: 128 },
      { address: sqes, length: 64 },
      { address: NOWHERE, length: 128, ...ring(0n) },
      { address: NOWHERE, length: 64, ...ring(SQES) },
      { address: sqes, length: 64, ...ring(SQES) },
    ]);

    if (kernel.facts.memReadsRings) {
      expect(plain).toEqual(mapped);
      expect(plainSqes).toEqual(mappedSqes);
    } else {
      expect(plain).toEqual({ ok: false, errno: 'EIO' });
      expect(plainSqes).toEqual({ ok: false, errno: 'EIO' });
    }
    expect(either).toEqual(mappedSqes);
    if (!mapped?.ok || !mappedSqes?.ok)
      throw new Error(`not to be read: ${JSON.stringify([mapped, mappedSqes])}`);
    expect(mappedSqes.data.readUInt8(0)).toBe(IORING_OP_READ);
    // Five published, none taken.
    expect(mapped.data.readUInt32LE(0)).toBe(0);
    expect(mapped.data.readUInt32LE(kernel.facts.sqTailAt)).toBe(5);
  });
});
