// What a fresh clone needs before its first demo, in plain JavaScript: nothing is installed yet.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/** What is missing, and how to get it; shown without a stack trace. */
export class Missing extends Error {}

/**
 * Checks the machine, installs the dependencies where they are absent or stale, and builds. `say` gets each step;
 * without `program` it does not matter whether io_uring may be used here.
 */
export function prepare(say = () => undefined, { program = true } = {}) {
  checkMachine({ program });
  if (dependenciesAreStale()) {
    say('Installing the dependencies (npm ci) …');
    npm('ci', '--no-audit', '--no-fund');
  }
  say('Building (npm run build) …');
  npm('run', '--silent', 'build');
}

export function checkMachine({ program = true } = {}) {
  const [major] = process.versions.node.split('.').map(Number);
  if (major < 20)
    throw new Missing(
      `This needs Node 20 or later; this is ${process.version}. See https://nodejs.org/en/download.`,
    );
  if (process.platform !== 'linux')
    throw new Missing(
      `The demo makes a program stuck in the Linux kernel; this is ${os.type()}. Run it on Linux.`,
    );
  const compiler = process.env.CC ?? 'cc';
  if (spawnSync(compiler, ['--version'], { stdio: 'ignore' }).status !== 0)
    throw new Missing(`There is no C compiler (${compiler}). Install one: apt-get install gcc libc6-dev`);
  const headers = { input: '#include <linux/io_uring.h>\n', encoding: 'utf8' };
  if (spawnSync(compiler, ['-xc', '-E', '-o', '/dev/null', '-'], headers).status !== 0)
    throw new Missing('The C headers of the kernel are missing. Install them: apt-get install libc6-dev');
  if (program) checkIoUring();
}

function checkIoUring() {
  let disabled = '0';
  try {
    disabled = readFileSync('/proc/sys/kernel/io_uring_disabled', 'utf8').trim();
  } catch {
    // The switch came with Linux 6.6; before, the demo program itself tells.
  }
  const why = `io_uring is switched off here (kernel.io_uring_disabled = ${disabled}).`;
  if (disabled === '2') throw new Missing(`${why} Allow it: sysctl kernel.io_uring_disabled=0`);
  if (disabled === '1' && process.getuid() !== 0)
    throw new Missing(`${why} Run the demo as root, or allow it: sysctl kernel.io_uring_disabled=0`);
}

/** True when node_modules is not what package-lock.json asks for. */
export function dependenciesAreStale() {
  try {
    const read = (name) => JSON.parse(readFileSync(path.join(root, name), 'utf8')).packages;
    const wanted = read('package-lock.json');
    const present = read('node_modules/.package-lock.json');
    return Object.entries(wanted).some(
      ([name, { version, optional }]) =>
        name !== '' && !(optional && !(name in present)) && present[name]?.version !== version,
    );
  } catch {
    return true;
  }
}

function npm(...args) {
  const run = spawnSync('npm', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  if (run.status === 0) return;
  const words = run.error?.message ?? `${run.stdout}${run.stderr}`.trim();
  throw new Missing(`npm ${args.join(' ')} failed:\n${words}`);
}
