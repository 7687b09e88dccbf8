/** A probe that finds tracefs, where this machine has it not mounted. */
import { existsSync, rmSync } from 'node:fs';
import { chmod, mkdtemp, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { root } from './install.mjs';
import { Skip } from './report.mjs';

const MOUNTED = '/sys/kernel/tracing';

/** Path of a probe that can trace: ours, or ours in a mount namespace of its own. Throws Skip where nothing can be traced. */
export async function tracingProbe() {
  if (process.getuid() !== 0) throw new Skip('needs root: traces');
  const probe = path.join(root, `dist/probe/linux-${process.arch}/io-uring-probe`);
  if (existsSync(`${MOUNTED}/instances`)) return probe;
  const folder = await mkdtemp(path.join(os.tmpdir(), 'io-uring-inspector-tracefs-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const script = path.join(folder, 'io-uring-probe');
  const inside = `/bin/mount -t tracefs none ${MOUNTED} && exec ${probe} "$@"`;
  await writeFile(
    script,
    `#!/bin/sh\nexec /usr/bin/unshare --mount --propagation private /bin/sh -c '${inside}' sh "$@"\n`,
  );
  await chmod(script, 0o755);
  return script;
}
