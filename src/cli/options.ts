import { TAGS } from '../explain/pages';
import type { Severity } from '../model/sample';

/** An option, with all that the help, the man page and the completions of shells tell of it. */
export interface Option {
  readonly type: 'boolean' | 'string';
  readonly short?: string;
  readonly multiple?: true;
  /** What stands for its value where it is told. */
  readonly value?: string;
  /** The value may be left out. */
  readonly optional?: true;
  /** What a shell offers as its value. */
  readonly offers?: 'file' | 'directory' | 'host' | readonly string[];
  readonly tells: string;
}

/** From the least to the most severe. */
export const SEVERITIES: readonly Severity[] = ['info', 'warning', 'critical'];
/** Other ways to write a Sample out than the report and JSON. */
export const FORMATS = ['csv', 'stacks', 'chrome-trace', 'metrics', 'traced-csv', 'traced-stacks'] as const;
export type Format = (typeof FORMATS)[number];

/** Those there are completions for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

const HELP_OPTION = { type: 'boolean', short: 'h', tells: 'print the help' } as const;

const HOST_OPTIONS = {
  command: {
    type: 'string',
    multiple: true,
    value: 'COMMAND',
    tells:
      'a host that is reached through a command, which takes sh -c LINE at its end: "docker exec -i web", or "ssh db1"',
  },
  sudo: { type: 'boolean', tells: 'inspect with the rights of root, there or here, by sudo' },
  probe: {
    type: 'string',
    value: 'PATH',
    offers: 'file',
    tells: 'use the probe at PATH on the host instead of putting one there',
  },
  'keep-probe': { type: 'boolean', tells: 'leave the probe on the host for the next time' },
  'no-kernel-memory': {
    type: 'boolean',
    tells: "read nothing of the kernel's own memory (as root, the exact list of requests comes from it)",
  },
  'no-memory': {
    type: 'boolean',
    tells: "read no memory of processes but their rings': not what requests point at",
  },
  'no-sources': { type: 'boolean', tells: "do not tell where the program's threads wait in its source" },
  debuginfod: {
    type: 'boolean',
    tells: 'fetch debug information that is not there from the servers of $DEBUGINFOD_URLS',
  },
} as const satisfies Record<string, Option>;

/** The options of the command line, in the order in which they are told. */
export const OPTIONS = {
  all: { type: 'boolean', tells: 'list every process' },
  json: { type: 'boolean', tells: 'print the Sample (or the list) as JSON' },
  verbose: {
    type: 'boolean',
    short: 'v',
    tells: 'stacks of idle tasks, every descriptor, more of the requests; in the list all that was found',
  },
  watch: {
    type: 'string',
    value: 'SECONDS',
    optional: true,
    tells:
      'look again every SECONDS until Ctrl-C or the end of the process; without SECONDS every two, later where nothing moves or everything does, and at once where what moved stands',
  },
  trace: {
    type: 'string',
    value: 'SECONDS',
    tells:
      'as root: first trace its rings that long: counts and latencies by operation, the slowest requests and where they were submitted. The process is not stopped; each request costs it some µs meanwhile',
  },
  save: {
    type: 'string',
    value: 'FILE',
    offers: 'file',
    tells: 'also write the Sample to FILE, which must not exist',
  },
  open: {
    type: 'string',
    value: 'FILE',
    offers: 'file',
    tells: 'show a saved Sample instead of a live process',
  },
  root: {
    type: 'string',
    value: 'DIR',
    offers: 'directory',
    tells: 'read the same files below DIR: a captured tree',
  },
  host: {
    type: 'string',
    multiple: true,
    value: 'NAME',
    offers: 'host',
    tells:
      'inspect another host by ssh: a name of ~/.ssh/config, or user@host:port; . is this machine. Without PID more than one may be given: their processes are ranked together',
  },
  ...HOST_OPTIONS,
  format: {
    type: 'string',
    value: 'FORMAT',
    offers: FORMATS,
    tells:
      'print something else than the report: the requests (csv), the stacks of all tasks for a flame graph (stacks), a trace for Perfetto (chrome-trace), or numbers as OpenMetrics (metrics). With --trace the last two have what was traced, and there are a row for each completed request (traced-csv), and where requests were submitted, weighted by how long they took (traced-stacks)',
  },
  diff: {
    type: 'string',
    value: 'FILE',
    offers: 'file',
    tells: 'say what has changed since the Sample in FILE',
  },
  metrics: {
    type: 'string',
    value: 'PORT',
    tells: 'serve numbers for Prometheus (OpenMetrics) on 127.0.0.1:PORT, or on ADDRESS:PORT, until Ctrl-C',
  },
  'fail-on': {
    type: 'string',
    value: 'SEVERITY',
    offers: [...SEVERITIES, ...TAGS],
    tells:
      'exit with 3 when a finding is that severe: info, warning or critical; or when it is one of that name: --fail-on cq-overflow. Without PID, one of any process on any host',
  },
  help: HELP_OPTION,
  version: { type: 'boolean', tells: 'print the version' },
} as const satisfies Record<string, Option>;

/** The options of `inspect-io-uring dap`. */
export const ADAPTER_OPTIONS = {
  port: {
    type: 'string',
    value: 'N',
    tells:
      'listen on port N of 127.0.0.1 (0 = a free one, which is told on stderr) instead of talking on stdin and stdout. Each connection is a session of its own; it ends with the last one. Only programs of the same user, and of root, may connect',
  },
  host: {
    ...OPTIONS.host,
    tells:
      'where processes are of which a configuration says no "host": a name of ~/.ssh/config, or user@host:port',
  },
  ...HOST_OPTIONS,
  help: HELP_OPTION,
} as const satisfies Record<string, Option>;

/** `--verbose, -v` */
export function spelled(name: string, { short, value, optional }: Option): string {
  const long = `--${name}`;
  if (value !== undefined) return optional ? `${long}[=${value}]` : `${long} ${value}`;
  return short === undefined ? long : `${long}, -${short}`;
}

const COLUMN = 20;
const WIDTH = 120;

/** Rows of a help text: what is spelled, and beside it what it tells. */
export function helpRows(rows: Iterable<readonly [spelling: string, tells: string]>): string {
  const told = [...rows].flatMap(([spelling, tells]) =>
    wrapped(tells, WIDTH - COLUMN - 2).map((line, at) =>
      `  ${(at === 0 ? spelling : '').padEnd(COLUMN)}${line}`.trimEnd(),
    ),
  );
  return `${told.join('\n')}\n`;
}

export function optionRows(options: Readonly<Record<string, Option>>): [string, string][] {
  return Object.entries(options).map(([name, option]) => [spelled(name, option), option.tells]);
}

/** Lines of at most `width` characters, but for a word that is longer. */
export function wrapped(text: string, width: number = WIDTH): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
