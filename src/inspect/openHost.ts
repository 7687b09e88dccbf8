import type { Asker, RemoteHost } from '../target/remoteHost';
import type { Target } from '../target/target';
import type { HostId } from './hostId';

export interface OpenOptions {
  /** Path of the probe for an architecture, as Node names it; absent = for this machine. */
  readonly probe: (arch?: string) => string;
  /** False: the probe refuses to read the kernel's memory. */
  readonly kernelMemory: boolean;
  /** False: of processes it reads no memory but their rings', and none of the kernel's. */
  readonly processMemory: boolean;
  /** The probe stays on a host elsewhere, for the next time. */
  readonly keepProbe: boolean;
  /** A probe that is on the host already, where none may be put there. */
  readonly remoteProbe?: string;
}

export interface ProbeStart extends OpenOptions {
  readonly sudo: boolean;
  /** Asked for sudo's password. */
  readonly asker: Asker;
  readonly signal: AbortSignal;
}

/** The ways to hosts that are not this machine with this program's rights. All reject with a UserError. */
export interface Ways {
  ssh(alias: string, asker: Asker, signal: AbortSignal): Promise<RemoteHost>;
  command(command: readonly string[], label: string): RemoteHost;
  /** Starts the probe on a host, with the rights of root where `sudo` says so. */
  probe(host: RemoteHost, options: ProbeStart): Promise<Target>;
  /** This machine with the rights of root. */
  elevated(options: ProbeStart): Promise<Target>;
}

/** Opens a host. `ways` is asked for only where this machine as it is will not do. */
export async function openHost(
  id: HostId,
  asker: Asker,
  signal: AbortSignal,
  options: OpenOptions,
  ways: () => Promise<Ways>,
): Promise<Target> {
  if (id.kind === 'local') {
    if (id.sudo) return (await ways()).elevated({ ...options, sudo: true, asker, signal });
    const { openLocal } = await import('../target/local');
    const { kernelMemory, processMemory } = options;
    return openLocal(options.probe(), { kernelMemory, processMemory });
  }
  const { ssh, command, probe } = await ways();
  const host = id.kind === 'ssh' ? await ssh(id.alias, asker, signal) : command(id.command, id.label);
  const leave = () => host.close();
  if (signal.aborted) leave();
  else signal.addEventListener('abort', leave, { once: true });
  try {
    const target = await probe(host, { ...options, sudo: id.sudo === true, asker, signal });
    return heldBy(host, target);
  } catch (error) {
    leave();
    throw error;
  } finally {
    signal.removeEventListener('abort', leave);
  }
}

/** The same target, but lost with its host, and closing the host with itself. */
function heldBy(host: RemoteHost, target: Target): Target {
  const lost = target.lost === undefined ? host.lost : Promise.race([target.lost, host.lost]);
  return Object.create(target, {
    lost: { value: lost },
    dispose: {
      value: () => {
        target.dispose();
        host.close();
      },
    },
  }) as Target;
}
