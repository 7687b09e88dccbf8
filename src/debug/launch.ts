import type { DebugProtocol } from '@vscode/debugprotocol';
import { baseName } from '../explain/userFrames';
import { type ErrorCode, UserError } from '../model/errors';
import { printable } from '../model/printable';
import { followChecked } from './begin';
import { type Launching, readLaunching } from './configuration';
import type { DebugServices, Program, Started } from './services';
import type { Subject } from './subject';

/** What a launch needs of the session. */
export interface Launcher {
  readonly services: DebugServices;
  readonly signal: AbortSignal;
  output(category: 'stdout' | 'stderr', text: string): void;
  /** What is done now, a few words. */
  progress(message: string): void;
  /** Asks the client for a terminal; absent where it has none. */
  readonly runInTerminal?: (
    args: DebugProtocol.RunInTerminalRequestArguments,
  ) => Promise<DebugProtocol.RunInTerminalResponse>;
}

/** Starts what a launch request asks for, and follows it. What could not be followed is ended. */
export async function launch(launcher: Launcher, given: unknown): Promise<Subject> {
  const { services, signal } = launcher;
  const asked = readLaunching(given);
  const { host, interval, sourceFileMap } = asked;
  const started = await start(launcher, asked);
  try {
    signal.throwIfAborted();
    launcher.progress('Taking the first look');
    const options = { interval, signal, sourceFileMap };
    const followed = await followChecked(services, host, started.pid, options);
    return { kind: 'live', host, followed, started, sourceFileMap };
  } catch (error) {
    if (started.ended !== undefined && isGone(error)) throw endedEarly(asked.program, await started.ended);
    started.end();
    throw error;
  }
}

/** It was there, for it was started. */
function isGone(error: unknown): boolean {
  return error instanceof UserError && GONE.has(error.code);
}

const GONE: ReadonlySet<ErrorCode> = new Set(['no-such-process', 'process-gone', 'zombie']);

async function start(launcher: Launcher, { console, program }: Launching): Promise<Started> {
  const { services, signal, output } = launcher;
  launcher.progress(`Starting ${printable(baseName(program.program), 64)}`);
  if (console === 'internalConsole') return services.start(program, output);
  if (!launcher.runInTerminal)
    throw new UserError(
      'debug-configuration',
      `This client cannot open a terminal for “console”: "${console}".`,
      'It has not said that it supports the request runInTerminal.',
      'Use "console": "internalConsole", or start the program yourself and attach to it.',
    );
  const response = await launcher.runInTerminal({
    kind: console === 'externalTerminal' ? 'external' : 'integrated',
    title: printable(baseName(program.program), 64),
    cwd: program.cwd ?? '',
    args: [program.program, ...program.args],
    ...(program.env ? { env: { ...program.env } } : {}),
  });
  if (!response.success)
    throw new UserError(
      'debug-configuration',
      'The client has not started the program in a terminal.',
      printable(response.message ?? 'It does not say why.', 300),
      'Use "console": "internalConsole", or start the program yourself and attach to it.',
    );
  return inTerminal(services, program, response.body ?? {}, signal);
}

async function inTerminal(
  services: DebugServices,
  program: Program,
  { processId, shellProcessId }: DebugProtocol.RunInTerminalResponse['body'],
  signal: AbortSignal,
): Promise<Started> {
  if (services.startedInTerminal && (processId ?? shellProcessId) !== undefined)
    return services.startedInTerminal({ processId, shellProcessId }, program, signal);
  if (processId !== undefined) return { pid: processId, end: () => undefined };
  throw new UserError(
    'debug-configuration',
    'The program in the terminal cannot be found.',
    'The client does not tell its process’s number.',
    'Attach to it by its number or its name.',
  );
}

function endedEarly({ program }: Program, how: number | string): UserError {
  return new UserError(
    'process-gone',
    `${printable(baseName(program), 64)} has ended before it could be looked at.`,
    endWords(how),
    'Its output may say why. A program that is done at once has nothing to inspect.',
  );
}

/** "It ended with exit code 1." */
export function endWords(how: number | string): string {
  return typeof how === 'number'
    ? `It ended with exit code ${how}.`
    : `It was ended by ${printable(how, 32)}.`;
}

const SIGNALS: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGTRAP: 5,
  SIGABRT: 6,
  SIGBUS: 7,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
};

/** As shells have it: 128 and the signal's number. */
export function exitCode(how: number | string): number {
  return typeof how === 'number' ? how : 128 + (SIGNALS[how] ?? 127);
}
