import { setTimeout as sleep } from 'node:timers/promises';
import { parseStat } from '../../../src/procfs/stat';
import type { Running, Truth } from '../../real/support/victim';
import type { LastLine } from './control';
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
  const { lines, directory } = await startProgram(running, machine, [program, ...args], options);
  const said = JSON.parse(lines[0] ?? '') as {
    readonly ready: boolean;
    readonly pid: number;
    readonly truth: Truth;
    readonly why?: string;
  };
  if (!said.ready) return running.skip(said.why ?? 'the victim cannot get stuck here');
  const { pid, truth } = said;
  if (options.busy !== true) await rest(machine, pid);
  return { pid, truth, directory };
}

export interface StartedProgram {
  /** Its output as far as it was waited for. */
  readonly lines: readonly string[];
  readonly directory: string;
}

/** Starts any program of test/victims and waits for its first line, or for the one that `isLast`. */
export async function startProgram(
  running: Testing,
  machine: Machine,
  words: readonly string[],
  options: Pick<VictimOptions, 'as' | 'directory'> & { readonly isLast?: LastLine } = {},
): Promise<StartedProgram> {
  const directory = options.directory ?? `/tmp/victim-${++started}`;
  const program = `env KEEP=1 ${words.join(' ')}`;
  const whole =
    options.as === undefined
      ? `exec setsid ${program}`
      : `chown ${options.as} .; exec setsid su ${options.as} -c 'exec ${program}'`;
  const lines = machine.start(
    `mkdir -p ${directory}; cd ${directory}; echo $$ >pid; ${whole}`,
    options.isLast,
  );
  running.onTestFinished(async () => {
    await machine.run(`kill -9 -$(cat ${directory}/pid)`);
  });
  running.onTestFailed(() => console.error(`the machine's last words:\n${machine.console()}`));
  return { lines: await within(PATIENCE, lines), directory };
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
