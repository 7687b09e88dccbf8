import type { KernelFrame } from '../model/sample';
import type { KernelLocation } from '../source/kernelSymbols';
import type { Target } from '../target/target';
import type { HostId } from './hostId';
import { hostKey } from './hostId';
import type { Hosts } from './hosts';

/** Of a target's kernel, whose release is given. Rejects only when the target is gone: LinkThread.kernelLine. */
export type LocateKernel = (target: Target, frame: KernelFrame, release: string) => Promise<KernelLocation>;

/** Exact lines of kernel frames, for the hosts of a window that have debug symbols of their kernel. */
export class KernelLines {
  constructor(
    private readonly hosts: Hosts,
    private readonly locateIn: LocateKernel,
  ) {}

  /** Of a host that is connected: none is opened for it. Undefined where it is not, or is lost meanwhile. */
  async locate(host: HostId, frame: KernelFrame, release: string): Promise<KernelLocation | undefined> {
    const known = this.hosts.get(hostKey(host));
    if (known?.state.kind !== 'connected') return undefined;
    try {
      return await known.use((target) => this.locateIn(target, frame, release));
    } catch {
      return undefined;
    }
  }
}
