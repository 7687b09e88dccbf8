import { setTimeout as sleep } from 'node:timers/promises';
import { parseStat } from '../../../src/procfs/stat';
import type { Running, Truth } from '../../real/support/victim';
import type { Machine } from './machine';

/** A program of test/victims that runs on a test machine. */
export interface Victim {
  readonly pid: number;
  readonly truth: Truth;
  /** Where it was started and its files are. */
  readonly directory: string;
}

export interface VictimOptions {
  /** Who runs it; absent: root. */
  readonly as?: 'user';
  /** Where; absent: a directory of its own. */
  readonly directory?: string;
  /** It never comes to rest: do not wait for it. */
  readonly busy?: boolean;
}

/** Milliseconds a victim may take to reach its state. */
const PATIENCE = 30_000;

let started = 0;

/** vitest's context, as far as it is used here. */
export interface Testing extends Running {
  onTestFailed(callback: () => void): void;
}

/**
 * Starts it and waits until it says that its state is reached; it is ended when the test is. The test is skipped by
 * the program's own reason when this kernel cannot have the state.
 */
export async function startVictim(
  running: Testing,
  machine: Machine,
  program: string,
  args: readonly string[] = [],
  options: VictimOptions = {},
): Promise<Victim> {
  const directory = options.directory ?? `/tmp/victim-${++started}`;
  const words = ['exec', 'env', 'KEEP=1', program, ...args].join(' ');
  const whoever =
    options.as === undefined ? words : `chown ${options.as} .; exec su ${options.as} -c '${words}'`;
  const line = await within(PATIENCE, machine.start(`mkdir -p ${directory}; cd ${directory}; ${whoever}`));
  const said = JSON.parse(line) as {
    readonly ready: boolean;
    readonly pid: number;
    readonly truth: Truth;
    readonly why?: string;
  };
  if (!said.ready) return running.skip(said.why ?? 'the victim cannot get stuck here');
  const { pid, truth } = said;
  running.onTestFinished(async () => {
    await machine.run(`kill -9 ${pid}`);
  });
  running.onTestFailed(() => console.error(`the machine's last words:\n${machine.console()}`));
  if (options.busy !== true) await rest(machine, pid);
  return { pid, truth, directory };
}

/** Waits until the process's first task has slept three looks in a row. */
async function rest(machine: Machine, pid: number): Promise<void> {
  for (let quiet = 0, looks = 0; quiet < 3; looks++) {
    if (looks === 500) throw new Error(`process ${pid} never comes to rest`);
    const [file] = await machine.target.read([`/proc/${pid}/stat`]);
    const stat = file?.ok ? parseStat(file.data.toString('latin1')) : undefined;
    if (!stat) throw new Error(`process ${pid} has ended`);
    quiet = stat.state === 'R' ? 0 : quiet + 1;
    await sleep(20);
  }
}

async function within<T>(milliseconds: number, promise: Promise<T>): Promise<T> {
  const late = new AbortController();
  const timeout = sleep(milliseconds, undefined, { signal: late.signal }).then(() => {
    throw new Error(`nothing within ${milliseconds / 1000} s`);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    late.abort();
    timeout.catch(() => undefined);
  }
}
