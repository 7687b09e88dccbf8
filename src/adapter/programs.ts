import { type ChildProcess, spawn } from 'node:child_process';
import type { Program, Started } from '../debug/services';
import { UserError } from '../model/errors';
import { printable } from '../model/printable';
import { holdsNothingUp, type Relay, startRelay } from './relay';

/** Milliseconds a program has to end by itself once it is told to. */
const FAREWELL = 2000;
/** Milliseconds that its last words may come after its end; what it has started may keep them open for ever. */
const LAST_WORDS = 200;

const CATEGORIES = ['stdout', 'stderr'] as const;

/** Variables of the editor's own processes, which would mislead a program that is one itself. */
const OF_THE_EDITOR = /^(?:VSCODE_|ELECTRON_)/;

/**
 * Starts a program on this machine, in a process group of its own, that writes through relays: it goes on unharmed when this process
 * ends or is killed. Rejects with a UserError where it cannot be.
 */
export function startProgram(
  { program, args, cwd, env }: Program,
  output: (category: 'stdout' | 'stderr', text: string) => void,
): Promise<Started> {
  const relays = CATEGORIES.map((category) => startRelay((text) => output(category, text)));
  const letGo = () => {
    for (const relay of relays) relay?.input.destroy();
  };
  return new Promise((resolve, reject) => {
    let child: ChildProcess;
    const refuse = (error: unknown) => {
      letGo();
      reject(unstartable(program, cwd, error));
    };
    try {
      child = spawn(program, [...args], {
        cwd,
        env: environment(env),
        stdio: ['ignore', ...relays.map((relay) => relay?.input ?? 'pipe')],
        detached: true,
      });
    } catch (error) {
      refuse(error);
      return;
    }
    for (const category of CATEGORIES)
      child[category]?.setEncoding('utf8').on('data', (text: string) => output(category, text));
    holdsNothingUp(child);
    const ended = endOf(child, relays);
    child.once('error', refuse);
    child.once('spawn', () => {
      letGo();
      const { pid } = child;
      if (pid !== undefined) resolve({ pid, ended, end: () => endGroup(pid, ended) });
    });
  });
}

function environment(own: Program['env']): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !OF_THE_EDITOR.test(name));
  const all = Object.entries({ ...Object.fromEntries(inherited), ...own });
  return Object.fromEntries(all.flatMap(([name, value]) => (value == null ? [] : [[name, value]])));
}

/** Its exit code or the signal that ended it, once its last words are told. */
function endOf(child: ChildProcess, relays: readonly (Relay | undefined)[]): Promise<number | string> {
  const closed = new Promise((resolve) => child.once('close', resolve));
  const told = Promise.all([closed, ...relays.map((relay) => relay?.done)]);
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      const settle = () => {
        clearTimeout(timer);
        resolve(code ?? signal ?? 0);
      };
      const timer = setTimeout(settle, LAST_WORDS);
      void told.then(settle);
    });
  });
}

/** Ends it and what it has started: by asking, then without; at once where this program ends first. */
function endGroup(pid: number, ended: Promise<unknown>): void {
  const kill = () => signalGroup(pid, 'SIGKILL');
  signalGroup(pid, 'SIGTERM');
  const timer = setTimeout(kill, FAREWELL);
  process.once('exit', kill);
  void ended.then(() => {
    clearTimeout(timer);
    process.removeListener('exit', kill);
  });
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}

const WHY: Readonly<Record<string, string>> = {
  ENOENT: 'There is no such program or folder (ENOENT).',
  EACCES: 'It may not be run (EACCES).',
  ENOEXEC: 'It is no program that this machine can run (ENOEXEC).',
  ENOTDIR: 'Its working directory is none (ENOTDIR).',
};

function unstartable(program: string, cwd: string | undefined, error: unknown): UserError {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const why = WHY[code] ?? `${error instanceof Error ? error.message : String(error)}.`;
  const where = cwd === undefined ? '' : ` in ${printable(cwd, 200)}`;
  return new UserError(
    'usage',
    `${printable(program, 200)} could not be started${where}.`,
    why,
    'Check “program” and “cwd” of the debug configuration.',
  );
}
