import { openLocal } from '../target/local';
import { openCommand } from '../target/remote/command';
import { openRemote } from '../target/remote/openRemote';
import { connectSsh } from '../target/ssh/connect';
import type { ProbeStart, Ways } from './openHost';

/** The ways of this build; loaded when a host elsewhere, or more rights, are asked for. */
export async function ways(): Promise<Ways> {
  return {
    ssh: (alias, asker, signal) => connectSsh(alias, { asker, signal }),
    command: openCommand,
    probe: (host, { probe, keepProbe, remoteProbe, ...start }) =>
      openRemote(host, {
        ...started(start),
        probes: probe,
        keep: keepProbe,
        ...(remoteProbe === undefined ? {} : { probePath: remoteProbe }),
      }),
    elevated: ({ probe, ...start }) => openLocal(probe(), started(start)),
  };
}

function started(start: Omit<ProbeStart, 'probe' | 'keepProbe'>) {
  const { kernelMemory, processMemory, sudo, asker, signal } = start;
  return {
    kernelMemory,
    processMemory,
    signal,
    ...(sudo ? { elevation: { method: 'sudo' as const, asker } } : {}),
  };
}
