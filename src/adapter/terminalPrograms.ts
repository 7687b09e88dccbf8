import { readdir, readFile } from 'node:fs/promises';
import type { InTerminal, Program, Started } from '../debug/services';
import { UserError } from '../model/errors';
import { printable } from '../model/printable';
import { parseCmdline } from '../procfs/cmdline';
import { parseStat } from '../procfs/stat';

/** Milliseconds that a shell has to start a program that was typed into it, and between two looks for it. */
const PATIENCE = 15_000;
const AGAIN = 50;

/** Processes that may stand between a shell and the program. */
const MOST_DEEP = 4;

/**
 * The program that a client has started in a terminal (`runInTerminal`): the process it names, or the descendant of the shell it
 * names that has the program's words. Rejects with a UserError where none comes within 15 s.
 */
export async function programInTerminal(
  { processId, shellProcessId }: InTerminal,
  { program, args }: Program,
  signal: AbortSignal,
): Promise<Started> {
  if (processId !== undefined && processId > 0) return started(processId);
  if (shellProcessId === undefined || shellProcessId <= 0) throw unknown(program, 'It names no process.');
  for (const deadline = Date.now() + PATIENCE; Date.now() < deadline; await pause(AGAIN)) {
    if (signal.aborted)
      throw new UserError('cancelled', 'The program was not waited for.', 'It was cancelled.');
    const pid = await descendant(shellProcessId, [program, ...args]);
    if (pid !== undefined) return started(pid);
  }
  throw unknown(program, `No such child of its shell (${shellProcessId}) came within ${PATIENCE / 1000} s.`);
}

function started(pid: number): Started {
  return {
    pid,
    end: () => {
      try {
        process.kill(pid, 'SIGTERM');
      } catch {
        // It has ended meanwhile.
      }
    },
  };
}

async function descendant(shell: number, words: readonly string[]): Promise<number | undefined> {
  let parents = new Set([shell]);
  const all = await processes();
  for (let depth = 0; depth < MOST_DEEP && parents.size > 0; depth++) {
    const children = all.filter(({ parent }) => parents.has(parent));
    for (const { pid } of children)
      if (isOf(parseCmdline(await text(`/proc/${pid}/cmdline`)), words)) return pid;
    parents = new Set(children.map(({ pid }) => pid));
  }
  return undefined;
}

/** A script has its interpreter in front; `env`, which sets variables, becomes the program. */
function isOf(command: readonly string[], words: readonly string[]): boolean {
  if (command.length < words.length || /(?:^|\/)env$/.test(command[0] ?? '')) return false;
  return command.slice(-words.length).every((word, index) => word === words[index]);
}

async function processes(): Promise<{ readonly pid: number; readonly parent: number }[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(pids.map((pid) => text(`/proc/${pid}/stat`)));
  return stats.flatMap((stat, index) => {
    const parent = parseStat(stat)?.ppid;
    return parent === undefined ? [] : [{ pid: Number(pids[index]), parent }];
  });
}

function text(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function unknown(program: string, why: string): UserError {
  return new UserError(
    'no-such-process',
    `${printable(program, 200)} was not found among the terminal’s processes.`,
    why,
    'Look into the terminal for why it has not started; "console": "internalConsole" needs no terminal.',
  );
}
