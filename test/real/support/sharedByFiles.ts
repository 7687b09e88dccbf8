import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { buildPrograms } from './programs';

const CONTROL = '/sys/fs/fuse/connections';

/** What test files that run beside each other share; vitest calls it before the first one, and what it answers after the last. */
export default function setup(): () => void {
  try {
    buildPrograms();
  } catch {
    // The first test that needs them tells why.
  }
  const mounts = process.getuid?.() === 0 && existsSync(CONTROL) && !isMounted();
  // One that finishes must not take the counts of FUSE away from another.
  if (mounts) spawnSync('mount', ['-t', 'fusectl', 'fusectl', CONTROL]);
  return () => {
    if (mounts) spawnSync('umount', [CONTROL]);
  };
}

function isMounted(): boolean {
  return readFileSync('/proc/mounts', 'utf8').includes(` ${CONTROL} fusectl `);
}
