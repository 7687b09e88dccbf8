import { parseArgs } from 'node:util';
import { TAGS } from '../explain/pages';
import { type HostId, hostFrom, hostKey, LOCAL } from '../inspect/hostId';
import { UserError } from '../model/errors';
import { parsePid } from '../sample/refusals';
import { FORMATS, type Format, OPTIONS, SEVERITIES } from './options';
import { splitWords } from './words';

/** What the command line asks for. */
export interface Asked {
  readonly pid?: number;
  /** At least one, each once. */
  readonly hosts: readonly HostId[];
  /** A probe that is on the hosts already. */
  readonly probe?: string;
  readonly keepProbe: boolean;
  readonly json: boolean;
  readonly verbose: boolean;
  readonly all: boolean;
  readonly kernelMemory: boolean;
  readonly processMemory: boolean;
  /** Tell where the program waits in its source. */
  readonly sources: boolean;
  /** Ask the servers of DEBUGINFOD_URLS for debug information. */
  readonly debuginfod: boolean;
  /** Seconds between looks; absent = one look. */
  readonly watch?: number;
  /** Nobody asked for so many seconds: looks may come later where they would find the same. */
  readonly paced?: true;
  /** Seconds to trace for before the look; absent = no trace. */
  readonly trace?: number;
  readonly save?: string;
  readonly open?: string;
  readonly root?: string;
  /** A severity, or the tag of a finding. */
  readonly failOn?: string;
  /** What is printed; absent = the report. */
  readonly format?: Format;
  /** An earlier Sample that what is shown is compared with. */
  readonly diff?: string;
  /** Where numbers are served for a monitoring system. */
  readonly metrics?: Listening;
  readonly help: boolean;
  readonly version: boolean;
}

export interface Listening {
  readonly address: string;
  readonly port: number;
}

const DEFAULT_WATCH = 2;
const LEAST_WATCH = 0.1;

/** Reads the arguments. Throws a UserError of code `usage` or `bad-pid`. */
export function parseArguments(args: readonly string[]): Asked {
  const { values, positionals } = parse(args);
  const [first, ...others] = positionals;
  if (others.length > 0) throw usage(`One PID at a time, but ${positionals.length} were given.`);
  const failOn = [...SEVERITIES, ...TAGS].find((known) => known === values['fail-on']);
  if (values['fail-on'] !== undefined && failOn === undefined) {
    throw usage(
      `--fail-on takes info, warning, critical or the name of a finding (${TAGS.join(', ')}), not "${values['fail-on']}".`,
    );
  }
  const format = FORMATS.find((known) => known === values.format);
  if (values.format !== undefined && format === undefined)
    throw usage(`--format takes ${FORMATS.join(', ')}, not "${values.format}".`);
  const metrics = values.metrics === undefined ? undefined : listening(values.metrics);
  const watch = values.watch === undefined ? undefined : seconds('--watch', values.watch);
  const trace = values.trace === undefined ? undefined : seconds('--trace', values.trace);
  const { save, open, root } = values;
  if (save !== undefined && (watch !== undefined || first === undefined) && open === undefined) {
    throw usage('--save writes one look at one process: give a PID, and not --watch.');
  }
  if (open !== undefined && (first !== undefined || root !== undefined || watch !== undefined)) {
    throw usage('--open shows a saved Sample; a PID, --root and --watch do not go with it.');
  }
  if (watch !== undefined && first === undefined) {
    throw usage('--watch follows one process: give a PID.');
  }
  const { diff } = values;
  if ([format, diff, metrics, values.json || undefined].filter((one) => one !== undefined).length > 1)
    throw usage('--json, --format, --diff and --metrics are different answers: give one of them.');
  if ((format !== undefined || diff !== undefined) && (watch !== undefined || (first ?? open) === undefined))
    throw usage('--format and --diff write one look at one process: give a PID or --open, and not --watch.');
  if (metrics !== undefined && (first === undefined || watch !== undefined || root !== undefined))
    throw usage('--metrics follows one live process: give a PID, and neither --watch nor --root.');
  if (trace !== undefined && (first === undefined || watch !== undefined)) {
    throw usage('--trace follows one process for a while: give a PID, and not --watch.');
  }
  if (trace !== undefined && (root !== undefined || open !== undefined)) {
    throw usage('--trace follows a live process: leave out --root and --open.');
  }
  if (format?.startsWith('traced-') && trace === undefined)
    throw usage(`--format ${format} is of requests that were traced: give --trace SECONDS, too.`);
  if (watch !== undefined && root !== undefined)
    throw usage('A captured tree does not change: leave out --watch.');
  const elsewhere = values.host !== undefined || values.command !== undefined || values.sudo === true;
  if (elsewhere && (open !== undefined || root !== undefined)) {
    throw usage(
      '--host, --command and --sudo are about live processes: --open and --root do not go with them.',
    );
  }
  const hosts = hostsOf(values);
  if (first !== undefined && hosts.length > 1) throw usage('A PID is of one host: give one --host.');
  const { probe } = values;
  return {
    hosts,
    keepProbe: values['keep-probe'] ?? false,
    ...(probe === undefined ? {} : { probe }),
    json: values.json ?? false,
    verbose: values.verbose ?? false,
    all: values.all ?? false,
    kernelMemory: !(values['no-kernel-memory'] ?? false),
    processMemory: !(values['no-memory'] ?? false),
    sources: !(values['no-sources'] ?? false),
    debuginfod: values.debuginfod ?? false,
    help: values.help ?? false,
    version: values.version ?? false,
    ...(first === undefined ? {} : { pid: parsePid(first) }),
    ...(watch === undefined ? {} : { watch }),
    ...(watch !== undefined && args.includes('--watch') ? { paced: true } : {}),
    ...(trace === undefined ? {} : { trace }),
    ...(save === undefined ? {} : { save }),
    ...(open === undefined ? {} : { open }),
    ...(root === undefined ? {} : { root }),
    ...(failOn === undefined ? {} : { failOn }),
    ...(format === undefined ? {} : { format }),
    ...(diff === undefined ? {} : { diff }),
    ...(metrics === undefined ? {} : { metrics }),
  };
}

function parse(args: readonly string[]) {
  // `--watch` alone is allowed; parseArgs knows no option with an optional value.
  const spelled = args.map((arg) => (arg === '--watch' ? `--watch=${DEFAULT_WATCH}` : arg));
  try {
    return parseArgs({
      args: spelled,
      allowPositionals: true,
      strict: true,
      options: OPTIONS,
    });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw usage(`${message.split('\n')[0]?.replace(/\.?$/, '.') ?? ''}`);
  }
}

interface HostOptions {
  readonly host?: readonly string[] | undefined;
  readonly command?: readonly string[] | undefined;
  readonly sudo?: boolean | undefined;
}

/** At least one, each once. */
export function hostsOf({ host = [], command = [], sudo = false }: HostOptions): readonly HostId[] {
  const named = host.map((name) => (name === '.' ? LOCAL : (hostFrom(name) ?? noHost('--host', name))));
  const led = command.map((text) => {
    const words = splitWords(text);
    return hostFrom({ label: text, command: words }) ?? noHost('--command', text);
  });
  const all = [...named, ...led];
  const chosen = (all.length === 0 ? [LOCAL] : all).map((id) => (sudo ? { ...id, sudo } : id));
  return [...new Map(chosen.map((id) => [hostKey(id), id])).values()];
}

function noHost(option: string, text: string): never {
  throw usage(`${option} was given ${JSON.stringify(text)}, which can be none.`);
}

function seconds(option: string, text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < LEAST_WATCH || value > 86_400) {
    throw usage(`${option} takes seconds from ${LEAST_WATCH} to 86400, not "${text}".`);
  }
  return value;
}

/** `9100`, `0.0.0.0:9100`, `[::]:9100`. */
function listening(text: string): Listening {
  const [, bracketed, plain, digits = ''] = /^(?:(?:\[([^\]]+)\]|([^:[\]]+)):)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === '' || port > 65_535) throw usage(`--metrics takes a port, or ADDRESS:PORT, not "${text}".`);
  return { address: bracketed ?? plain ?? '127.0.0.1', port };
}

export function usage(why: string): UserError {
  return new UserError('usage', 'The command line was not understood.', why, 'See inspect-io-uring --help.');
}
