// Compiles the programs of this directory with plain cc: node build.mjs [--static|--debug] OUTPUT_DIRECTORY [PROGRAM…]
// --static: for a machine that has no C library; --debug: with what ties them to their source. What is newer than its sources is left alone. Runs before any package is installed: no dependencies.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

/** Each program and the sources it is made of. */
const programs = {
  ring_victim: [
    'ring_victim.c',
    'file_scenes.c',
    'peer_scenes.c',
    'order_scenes.c',
    'queue_scenes.c',
    'incidents.c',
    'ring.c',
    'victim.c',
  ],
  crowd: ['crowd.c', 'ring.c', 'victim.c'],
  odd: ['odd.c', 'ring.c', 'victim.c'],
  names: ['names.c', 'ring.c', 'victim.c'],
  cancel: ['cancel.c', 'ring.c', 'victim.c'],
  paths: ['paths.c', 'ring.c', 'victim.c'],
  pends: ['pends.c', 'ring.c', 'victim.c'],
  hangfs: ['hangfs.c', 'victim.c'],
  debuggee: ['debuggee.c', 'ring.c', 'victim.c'],
  truth: [
    'truth.c',
    'truth_setup.c',
    'truth_ring.c',
    'truth_claims.c',
    'truth_polls.c',
    'truth_workers.c',
    'truth_order.c',
    'truth_waits.c',
    'truth_queues.c',
    'truth_operands.c',
    'truth_sharing.c',
    'victim.c',
  ],
  churn: [
    'churn.c',
    'truth_setup.c',
    'truth_ring.c',
    'truth_claims.c',
    'truth_polls.c',
    'truth_workers.c',
    'victim.c',
  ],
  waits: ['waits.c', 'victim.c'],
  echo: ['echo.c', 'ring.c', 'victim.c'],
  mixed: ['mixed.c', 'ring.c', 'victim.c'],
  aio: ['aio.c', 'ring.c', 'victim.c'],
  kernel_waits: ['kernel_waits.c', 'process_waits.c', 'socket_waits.c', 'storage_waits.c', 'victim.c'],
  peers: ['peers.c', 'ring.c', 'victim.c'],
  nbd: ['nbd.c', 'victim.c'],
  hungmm: ['hungmm.c', 'ring.c', 'victim.c'],
  hungargs: ['hungargs.c', 'ring.c', 'victim.c'],
  lender: ['lender.c', 'victim.c'],
  traced: ['traced.c', 'ring.c', 'victim.c'],
  flows: ['flows.c', 'ring.c', 'victim.c'],
  server: ['../demo/server.c', 'ring.c', 'victim.c'],
  orders: ['../demo/orders.c', 'ring.c', 'victim.c'],
  readproc: ['../bench/readproc.c'],
};

const newest = (paths) => Math.max(...paths.map((path) => statSync(path).mtimeMs));

function modified(path) {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}

/** Throws with the compiler's words when a program does not compile. */
export function build(directory, names = Object.keys(programs), extra = []) {
  mkdirSync(directory, { recursive: true });
  const headers = readdirSync(here).filter((name) => name.endsWith('.h'));
  for (const name of names) {
    const sources = programs[name].map((source) => join(here, source));
    const binary = join(directory, name);
    if (modified(binary) > newest([...sources, ...headers.map((header) => join(here, header))])) continue;
    // Several test files may build at once: each makes its own file and puts it in place whole.
    const fresh = `${binary}.${process.pid}`;
    const flags = ['-std=c11', '-O1', '-Wall', '-Wextra', '-Wno-unused-parameter', '-pthread', `-I${here}`];
    const run = spawnSync(process.env.CC ?? 'cc', [...flags, ...extra, '-o', fresh, ...sources], {
      encoding: 'utf8',
    });
    if (run.status !== 0) {
      rmSync(fresh, { force: true });
      throw new Error(`${name} does not compile:\n${run.error?.message ?? run.stderr}`);
    }
    if (run.stderr) process.stderr.write(run.stderr);
    renameSync(fresh, binary);
  }
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const words = process.argv.slice(2);
  const extra = { '--static': ['-static'], '--debug': ['-g'] }[words[0]] ?? [];
  if (extra.length > 0) words.shift();
  const [directory, ...names] = words;
  if (directory === undefined || names.some((name) => !(name in programs))) {
    process.stderr.write(
      `usage: node build.mjs [--static|--debug] OUTPUT_DIRECTORY [${Object.keys(programs).join('|')}]\n`,
    );
    process.exit(2);
  }
  try {
    build(resolve(directory), names.length > 0 ? names : undefined, extra);
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
