import type { ChildProcess } from 'node:child_process';
import type { Chain, ChainResult, ChaseResult } from '../../../src/target/kernelMemory';
import { DESCRIPTOR_SLOT } from '../../../src/target/kernelMemory';
import type { ProbeTarget } from '../../../src/target/probeTarget';
import type { TestBtf } from './btf';
import { self } from './probe';
import { skipUnless } from './rights';
import { type Running, startVictim } from './victim';

/** Records of a plain list, 16 bytes each: the pointer to the next and a number. */
export const list: Omit<Chain, 'head'> = {
  buckets: 1,
  stride: 0,
  next: 0,
  circular: false,
  node: 0,
  length: 16,
  most: 100,
};

/** Kernel memory that a test fills as it likes. */
export interface LentMemory {
  readonly address: bigint;
  /** Puts bytes at an offset, below 4 MiB. */
  put(offset: number, bytes: Buffer): Promise<void>;
}

/** Steps from the reading task to the task_struct of the pid that is asked for, less `pid_links` in it (6.9+). */
export function stepsToTask(btf: TestBtf): (number | typeof DESCRIPTOR_SLOT)[] {
  return [
    btf.offset('task_struct', 'files'),
    btf.offset('files_struct', 'fdt'),
    btf.offset('fdtable', 'fd'),
    DESCRIPTOR_SLOT,
    btf.offset('file', 'f_inode'),
    btf.offset('inode', 'i_private'),
    btf.offset('pid', 'tasks'),
  ];
}

/** What is `length` bytes long at the end of a way through the descriptor `fd` of a process. */
export function throughDescriptor(
  target: ProbeTarget,
  btf: TestBtf,
  pid: number,
  fd: number,
  last: number,
): Promise<ChaseResult> {
  return target.kernel.find(pid, {
    steps: [
      ...stepsToTask(btf),
      btf.offset('task_struct', 'files') - btf.offset('task_struct', 'pid_links'),
      btf.offset('files_struct', 'fdt'),
      btf.offset('fdtable', 'fd'),
      8 * fd,
      btf.offset('file', 'private_data'),
    ],
    last,
    length: 0,
  });
}

/** Skips where the kernel's memory cannot be read or the lender not be found in it. */
export async function borrow(running: Running, target: ProbeTarget, btf: TestBtf): Promise<LentMemory> {
  skipUnless(running, 'kernelMemory', 'pidfs');
  const lender = await startVictim(running, self, 'lender');
  const last = btf.offset('bpf_array', 'value');
  const found = await throughDescriptor(target, btf, lender.pid, lender.truth.fd ?? -1, last);
  if (!found.ok) throw new Error(`the lender's map was not found: ${found.errno}`);
  return { address: found.address, put: (offset, bytes) => put(lender.child, offset, bytes) };
}

function put(child: ChildProcess, offset: number, bytes: Buffer): Promise<void> {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(offset, 0);
  head.writeUInt32LE(bytes.length, 4);
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error('the lender has ended'));
    child.once('close', ended);
    child.stdout?.once('data', () => {
      child.off('close', ended);
      resolve();
    });
    child.stdin?.write(Buffer.concat([head, bytes]));
  });
}

/** 64-bit numbers one behind the other. */
export function words(...values: readonly (bigint | number)[]): Buffer {
  const bytes = Buffer.alloc(8 * values.length);
  for (const [index, value] of values.entries()) bytes.writeBigUInt64LE(BigInt(value), 8 * index);
  return bytes;
}

/** Numbers of the records, and how the chain ended. */
export function told(result: ChainResult | undefined): { numbers: bigint[]; end: string } {
  if (!result?.ok) return { numbers: [], end: result?.errno ?? 'nothing' };
  return { numbers: result.records.map(({ data }) => data.readBigUInt64LE(8)), end: result.end };
}
