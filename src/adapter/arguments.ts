import { parseArgs } from 'node:util';
import { hostsOf, usage } from '../cli/arguments';
import { ADAPTER_OPTIONS, helpRows, optionRows } from '../cli/options';
import { type HostId, LOCAL } from '../inspect/hostId';

/** What the debug adapter's command line asks for. */
export interface AdapterAsked {
  /** Port of the loopback that is listened on, 0 = a free one; absent = one session on stdin and stdout. */
  readonly port?: number;
  /** Where processes are of which a debug configuration says no host. */
  readonly host: HostId;
  readonly probe?: string;
  readonly keepProbe: boolean;
  readonly kernelMemory: boolean;
  readonly processMemory: boolean;
  readonly sources: boolean;
  readonly debuginfod: boolean;
  readonly help: boolean;
}

export const ADAPTER_HELP = `Usage: inspect-io-uring dap [OPTIONS]

A debug adapter: any client of the Debug Adapter Protocol attaches with it to a process and is shown what every pending
io_uring request is stuck on. It only reads: the process is never stopped. README, “In the debugger”, has configurations
for Neovim and Emacs.

${helpRows(optionRows(ADAPTER_OPTIONS))}
Nobody is asked for passwords: a debug adapter has no terminal. Load keys into an SSH agent; let sudo start the probe
without a password, or run this as root.
Exit codes: 0 the session has ended, 1 wrong use or an error of ours.
`;

const HIGHEST_PORT = 65_535;

/** Reads the arguments behind the word `dap`. Throws a UserError of code `usage`. */
export function parseAdapterArguments(args: readonly string[]): AdapterAsked {
  const { values, positionals } = parse(args);
  const [first] = positionals;
  if (first !== undefined)
    throw usage(`"dap" takes no "${first}": the client says which process it attaches to.`);
  const port = values.port === undefined ? undefined : portOf(values.port);
  const hosts = hostsOf(values);
  if (hosts.length > 1) throw usage('A debug configuration without "host" is about one host: give one.');
  const { probe } = values;
  return {
    host: hosts[0] ?? LOCAL,
    keepProbe: values['keep-probe'] ?? false,
    kernelMemory: !(values['no-kernel-memory'] ?? false),
    processMemory: !(values['no-memory'] ?? false),
    sources: !(values['no-sources'] ?? false),
    debuginfod: values.debuginfod ?? false,
    help: values.help ?? false,
    ...(port === undefined ? {} : { port }),
    ...(probe === undefined ? {} : { probe }),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      strict: true,
      options: ADAPTER_OPTIONS,
    });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw usage(`${message.split('\n')[0]?.replace(/\.?$/, '.') ?? ''}`);
  }
}

function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= HIGHEST_PORT) return port;
  throw usage(`--port takes a number from 0 to ${HIGHEST_PORT}, not "${text}".`);
}
