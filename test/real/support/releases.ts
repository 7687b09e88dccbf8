import { type ChildProcess, spawn, spawnSync } from 'node:child_process';

/** Gives back what was taken; runs at most once and never throws. */
export type Release = () => void;

const held = new Set<Release>();

/** Newest first, so that what stands on something else goes before it. */
function releaseAll(): void {
  for (const release of [...held].reverse()) release();
}

process.on('exit', releaseAll);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    releaseAll();
    process.exit(1);
  });
}

/** Registers work that must be undone however the tests end; the returned function undoes it now. */
export function toRelease(undo: () => void): Release {
  const release: Release = () => {
    if (!held.delete(release)) return;
    try {
      undo();
    } catch (error) {
      console.error('releasing failed:', error);
    }
  };
  held.add(release);
  return release;
}

/**
 * Registers shell commands that must run even if this process is killed: a guard waits for its stdin
 * to close and then runs them. They must bear being run twice.
 */
export function toReleaseByShell(commands: string): Release {
  const guard: ChildProcess = spawn('sh', ['-c', `cat >/dev/null; ${commands}`], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  guard.unref();
  return toRelease(() => {
    spawnSync('sh', ['-c', commands], { stdio: 'ignore', timeout: 20_000 });
    guard.kill('SIGKILL');
  });
}

/** Ends a process and all of its group; for those started with `detached`. */
export function killGroup(pid: number): void {
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, 'SIGKILL');
    } catch {
      // Gone already.
    }
  }
}
