import { parseArgs } from 'node:util';
import { HOST_OPTIONS, hostsOf, usage } from '../cli/arguments';
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

  --port N            listen on port N of 127.0.0.1 (0 = a free one, which is told on stderr) instead of talking on stdin
                      and stdout. Each connection is a session of its own; it ends with the last one. Only programs of
                      the same user, and of root, may connect
  --host NAME         where processes are of which a configuration says no "host": a name of ~/.ssh/config, or
                      user@host:port
  --command COMMAND   the same through a command that takes sh -c LINE at its end: "docker exec -i web"
  --sudo              with the rights of root there (or here), by sudo
  --probe PATH        use the probe at PATH on the host instead of putting one there
  --keep-probe        leave the probe on the host for the next time
  --no-kernel-memory  read nothing of the kernel's own memory
  --no-memory         nor any memory of processes but their rings'
  --no-sources        do not tell where the program's threads wait in its source
  --debuginfod        fetch debug information that is not there from the servers of $DEBUGINFOD_URLS
  --help, -h          this text

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
      options: { ...HOST_OPTIONS, port: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
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
