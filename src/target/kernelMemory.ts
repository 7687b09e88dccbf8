import type { Chain, ChainResult, Chase, ChaseResult, FindWay, SlabScan } from '../probe/kernelProtocol';
import type { MemoryRange, MemoryResult } from '../probe/protocol';
import type { ReadOptions } from './target';

export type {
  Chain,
  ChainResult,
  Chase,
  ChaseResult,
  FindWay,
  KernelRecord,
  SlabScan,
} from '../probe/kernelProtocol';
export { DESCRIPTOR_SLOT } from '../probe/kernelProtocol';

/**
 * The kernel's own memory, read through a BPF program whose reads cannot fault (5.14+, CAP_BPF and CAP_PERFMON or
 * CAP_SYS_ADMIN). Every address is refused (EFAULT) rather than read where nothing is mapped. Failures: EPERM = no right
 * or kernel lockdown, ENOSYS = no such BPF, EOPNOTSUPP = the probe was started without it, ESRCH = no such
 * process, EOVERFLOW = `limit` is too small for a way's end. Questions of one turn travel together.
 */
export interface KernelMemory {
  /** From the reading task's `task_struct` along a way which may have DESCRIPTOR_SLOT in it, with a pidfd of `pid` open meanwhile. */
  find(pid: number, way: FindWay, options?: ReadOptions): Promise<ChaseResult>;
  read(
    ranges: readonly Pick<MemoryRange, 'address' | 'length'>[],
    options?: ReadOptions,
  ): Promise<MemoryResult[]>;
  chase(ways: readonly (Chase & { readonly from: bigint })[], options?: ReadOptions): Promise<ChaseResult[]>;
  chains(chains: readonly Chain[], options?: ReadOptions): Promise<ChainResult[]>;
  scan(stretches: readonly SlabScan[], options?: ReadOptions): Promise<ChainResult[]>;
}
