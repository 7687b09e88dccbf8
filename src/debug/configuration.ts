import { type HostId, hostFrom, LOCAL } from '../inspect/hostId';
import { UserError } from '../model/errors';
import { printable } from '../model/printable';
import { parsePid } from '../sample/refusals';
import { readSourceFileMap, type SourceFileMap } from '../source/sourcePaths';
import type { Program } from './services';

/** What an attach request asks for. */
export type Attaching =
  | { readonly kind: 'sample'; readonly path: string; readonly sourceFileMap: SourceFileMap }
  | (Following & { readonly kind: 'process'; readonly process: number | string });

/** What a launch request asks for. */
export interface Launching extends Following {
  readonly program: Program;
  readonly console: Console;
}

export type Console = 'internalConsole' | 'integratedTerminal' | 'externalTerminal';

interface Following {
  readonly host: HostId;
  /** Seconds between looks; absent = the door's own. */
  readonly interval?: number;
  readonly sourceFileMap: SourceFileMap;
}

/** Seconds. */
const LEAST_INTERVAL = 0.1;
const MOST_INTERVAL = 86_400;

type Arguments = Readonly<Record<string, unknown>>;

/** Of an attach request's arguments; throws what is wrong with them. */
export function readAttaching(given: unknown): Attaching {
  const args = record(given, 'The configuration');
  // `name` is what clients call the configuration.
  const { pid, processName, sample } = args;
  const named = [
    ['pid', pid],
    ['processName', processName],
    ['sample', sample],
  ].filter(([, value]) => value !== undefined && value !== '');
  if (named.length > 1) {
    const [first, second] = named.map(([key]) => `“${key}”`);
    throw wrong(
      `It has both ${first} and ${second}.`,
      'Leave one of them away: each of them says alone what is inspected.',
    );
  }
  if (named.length === 0) {
    throw wrong(
      'It says no process: “pid”, “processName” and “sample” are missing.',
      'Give the process’s number as “pid”, its name as “processName”, or the path of a saved Sample as “sample”.',
    );
  }
  const sourceFileMap = readSourceFileMap(args['sourceFileMap']);
  if (sample !== undefined && sample !== '')
    return { kind: 'sample', path: text(sample, 'sample'), sourceFileMap };
  const following = readFollowing(args);
  if (processName !== undefined && processName !== '')
    return { kind: 'process', process: text(processName, 'processName'), ...following };
  if (typeof pid !== 'number' && typeof pid !== 'string')
    throw wrong('Its “pid” is neither a number nor the text of one.', 'Give a number: "pid": 4242.');
  return { kind: 'process', process: parsePid(String(pid)), ...following };
}

/** Of a launch request's arguments; throws what is wrong with them. */
export function readLaunching(given: unknown): Launching {
  const args = record(given, 'The configuration');
  const { program, cwd } = args;
  if (program === undefined || program === '')
    throw wrong('It says no program: “program” is missing.', 'Give the path of the program as “program”.');
  const following = readFollowing(args);
  if (following.host.kind !== 'local' || following.host.sudo)
    throw wrong(
      'It launches a program, and has a “host” or “sudo”.',
      'Programs are launched on this machine with the rights of the editor. Start it there yourself and attach to it.',
    );
  const folder = cwd === undefined || cwd === '' ? undefined : text(cwd, 'cwd');
  const env = readEnvironment(args['env']);
  return {
    ...following,
    console: readConsole(args['console']),
    program: {
      program: text(program, 'program'),
      args: readWords(args['args']),
      ...(folder === undefined ? {} : { cwd: folder }),
      ...(env === undefined ? {} : { env }),
    },
  };
}

function readFollowing(args: Arguments): Following {
  const interval = readInterval(args['interval']);
  return {
    host: readHost(args['host'], args['sudo']),
    sourceFileMap: readSourceFileMap(args['sourceFileMap']),
    ...(interval === undefined ? {} : { interval }),
  };
}

/** A name as --host takes it (`.` = this machine), or an object as the setting has it. */
export function readHost(host: unknown, sudo: unknown): HostId {
  if (sudo !== undefined && typeof sudo !== 'boolean')
    throw wrong('Its “sudo” is neither true nor false.', 'Write "sudo": true.');
  const own = host === undefined || host === '' || host === '.' ? LOCAL : hostFrom(host);
  if (!own)
    throw wrong(
      `Its “host” cannot be one: ${shown(host)}.`,
      'Give a name of ~/.ssh/config, user@host:port, or {"label": …, "command": [PROGRAM, …]}.',
    );
  return sudo === true ? { ...own, sudo } : own;
}

function readInterval(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number' && value >= LEAST_INTERVAL && value <= MOST_INTERVAL) return value;
  throw wrong(
    `Its “interval” is ${shown(value)}.`,
    `Give the seconds between two looks, a number from ${LEAST_INTERVAL} to ${MOST_INTERVAL}.`,
  );
}

const CONSOLES: readonly Console[] = ['internalConsole', 'integratedTerminal', 'externalTerminal'];

function readConsole(value: unknown): Console {
  if (value === undefined) return 'internalConsole';
  const known = CONSOLES.find((one) => one === value);
  if (known) return known;
  throw wrong(`Its “console” is ${shown(value)}.`, `It is one of ${CONSOLES.join(', ')}.`);
}

function readWords(value: unknown): readonly string[] {
  if (value === undefined) return [];
  if (Array.isArray(value) && value.every((word): word is string => isText(word))) return value;
  throw wrong(
    'Its “args” is no list of texts.',
    'Write each argument on its own: "args": ["-p", "80"]; no shell reads them.',
  );
}

function readEnvironment(value: unknown): Readonly<Record<string, string | null>> | undefined {
  if (value === undefined) return undefined;
  const env: Record<string, string | null> = {};
  for (const [name, own] of Object.entries(record(value, 'Its “env”'))) {
    if ((own !== null && !isText(own)) || !/^[^=\0]+$/.test(name))
      throw wrong(
        `Its “env” has no text for ${shown(name)}.`,
        'Each value is a text, or null for a variable that is to be removed.',
      );
    env[name] = own;
  }
  return env;
}

function record(value: unknown, what: string): Arguments {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, unknown>>;
  throw wrong(`${what} is no object.`, 'Write {"key": "value"}.');
}

function text(value: unknown, key: string): string {
  if (isText(value) && value.trim() !== '') return value;
  throw wrong(`Its “${key}” is no text.`, `Write "${key}": "…".`);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && !value.includes('\0');
}

function shown(value: unknown): string {
  return printable(JSON.stringify(value) ?? String(value), 80);
}

function wrong(why: string, remedy: string): UserError {
  return new UserError('debug-configuration', 'The debug configuration cannot be used.', why, remedy);
}
