import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { withTracefs } from '../real/support/tracefs';

export const BPFTRACE = 'a start map of bpftrace';

/** Latencies as bpftrace's own tools find them: when each submit was, in a map, until its completion. */
const START_MAP = `
tracepoint:io_uring:io_uring_submit_req { @begun[args->req] = nsecs; }
tracepoint:io_uring:io_uring_complete /@begun[args->req]/ {
  @latency = hist(nsecs - @begun[args->req]);
  delete(@begun[args->req]);
}`;
/** Milliseconds that bpftrace needs from its first words on until its programs run. */
const ATTACHING = 1500;

export const hasBpftrace = (): boolean => !spawnSync('bpftrace', ['--version'], { stdio: 'ignore' }).error;

/** Does something while bpftrace follows every request of the machine. */
export async function withStartMap<T>(work: () => Promise<T>): Promise<T> {
  const [command, ...args] = withTracefs('exec bpftrace -e "$1"');
  const child = spawn(command, [...args, START_MAP], { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    await attached(child);
    return await work();
  } finally {
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGINT');
    await ended;
  }
}

async function attached(child: ChildProcess): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => reject(new Error('bpftrace ended')));
    child.stdout?.once('data', () => resolve());
  });
  child.stdout?.resume();
  await sleep(ATTACHING);
}
