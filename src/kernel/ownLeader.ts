import type { KernelMemory } from '../target/kernelMemory';
import type { Target } from '../target/target';
import type { KernelLayout } from './layout';
import { numberingOf } from './numbering';
import { findLeader, type Leader } from './process';
import { Reader } from './reader';

/** The first task of a process, where it is the one that /proc has by that pid and the kernel's memory may be read. */
export async function findOwnLeader(
  target: Target,
  kernel: KernelMemory,
  layout: KernelLayout,
  pid: number,
): Promise<Leader | undefined> {
  const leader = await findLeader(kernel, layout, pid);
  if (typeof leader === 'string') return undefined;
  const numbering = await numberingOf(target, new Reader(kernel, layout), leader, pid);
  return numbering === undefined ? undefined : leader;
}
