import type { Machine } from './machine';
import { startVictim, type Testing, type Victim } from './victim';

/** Carries out a command that must succeed. */
export async function must(machine: Machine, command: string): Promise<void> {
  const { code, output } = await machine.run(command);
  if (code !== 0) throw new Error(`${command}: ${output}`);
}

/** A file system whose server answers what its files' names say (test/victims/hangfs.c). */
export async function mountHangfs(
  running: Testing,
  machine: Machine,
): Promise<Victim & { readonly mount: string }> {
  const mount = `/tmp/hangfs-${performance.now()}`;
  await must(machine, `mkdir ${mount}`);
  return { ...(await startVictim(running, machine, 'hangfs', [mount])), mount };
}
