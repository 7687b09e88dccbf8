import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { killGroup, toRelease } from '../../real/support/releases';
import type { Testing } from './victim';

/** The server that came with QEMU up to 7.2; others are not tried. */
const SERVER = '/usr/lib/qemu/virtiofsd';

/** A folder of this machine that a test machine has by virtiofs, under the tag `host`. */
export interface HostFolder {
  /** Arguments of the emulator. */
  readonly devices: readonly string[];
  /** Stops its server until the test ends. */
  silence(running: Testing): void;
}

/** With the files `data` and `more`, 1 MiB each. Undefined where this machine has no server, or no right to run it. */
export async function shareFolder(): Promise<HostFolder | undefined> {
  if (!existsSync(SERVER) || process.getuid?.() !== 0) return undefined;
  const place = mkdtempSync(join(tmpdir(), 'inspect-shared-'));
  const [folder, socket] = [join(place, 'folder'), join(place, 'socket')];
  mkdirSync(folder);
  for (const name of ['data', 'more']) writeFileSync(join(folder, name), Buffer.alloc(1 << 20));
  const options = [`--socket-path=${socket}`, '-f', '-o', `source=${folder},cache=none,sandbox=chroot`];
  const { pid } = spawn(SERVER, options, { stdio: 'ignore', detached: true });
  toRelease(() => {
    if (pid !== undefined) killGroup(pid);
    rmSync(place, { recursive: true, force: true });
  });
  for (let tries = 0; !existsSync(socket); tries++) {
    if (tries === 100 || pid === undefined) return undefined;
    await sleep(20);
  }
  return {
    devices: [
      ...[
        '-object',
        'memory-backend-memfd,id=memory,size=512M,share=on',
        '-machine',
        'memory-backend=memory',
      ],
      ...['-chardev', `socket,id=folder,path=${socket}`],
      ...['-device', 'vhost-user-fs-pci,chardev=folder,tag=host'],
    ],
    silence: (running) => {
      if (pid === undefined) return;
      running.onTestFinished(() => void process.kill(-pid, 'SIGCONT'));
      process.kill(-pid, 'SIGSTOP');
    },
  };
}
