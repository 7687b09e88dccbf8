import type { KernelFrame } from '../model/sample';
import type { KernelLocation, KernelSymbols } from '../source/kernelSymbols';
import type { Target } from '../target/target';
import type { HostId } from './hostId';
import { hostKey } from './hostId';
import type { Hosts } from './hosts';

/** Exact lines of kernel frames, for the hosts of a window that have debug symbols of their kernel. */
export class KernelLines {
  private readonly known = new WeakMap<Target, KernelSymbols>();

  constructor(private readonly hosts: Hosts) {}

  /** Of a host that is connected: none is opened for it. Undefined where it is not, or is lost meanwhile. */
  async locate(host: HostId, frame: KernelFrame, release: string): Promise<KernelLocation | undefined> {
    const known = this.hosts.get(hostKey(host));
    if (known?.state.kind !== 'connected') return undefined;
    const { KernelSymbols: Symbols } = await import('../source/kernelSymbols');
    const { unpack } = await import('../target/unpack');
    try {
      return await known.use((target) => {
        const symbols = this.known.get(target) ?? new Symbols(target, unpack);
        this.known.set(target, symbols);
        return symbols.locate(frame, release);
      });
    } catch {
      return undefined;
    }
  }
}
