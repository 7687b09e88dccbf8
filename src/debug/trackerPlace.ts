import type { HostId } from '../inspect/hostId';
import { hostFrom } from '../inspect/hostId';
import { type Fields, fieldsOf, textOf, textsOf } from './trackerMessage';

/** Where the process that a session debugs runs. */
export interface DebuggeePlace {
  /** Absent = on this machine, as far as the configuration tells. */
  readonly elsewhere?: {
    /** What the configuration calls it. */
    readonly name: string;
    /** The way there that the debugger goes itself, where the inspector could go it, too. It comes from the workspace. */
    readonly way?: HostId;
  };
  /** A server on this machine's loopback stands between: its pids may be those of a container or of the end of a tunnel. */
  readonly unsure?: boolean;
}

const LOOPBACK = /^(localhost|127(\.\d+){3}|::1|0\.0\.0\.0|)$/i;

/** The place by the configuration of a session, of whatever debugger. */
export function placeOf(configuration: Fields): DebuggeePlace {
  return piped(fieldsOf(configuration['pipeTransport'])) ?? served(configuration) ?? {};
}

/** The debugger itself runs at the end of a pipe (cppdbg). */
function piped(transport: Fields): DebuggeePlace | undefined {
  const program = textOf(transport['pipeProgram']);
  if (program === undefined) return undefined;
  const given = transport['pipeArgs'];
  const args = typeof given === 'string' ? given.split(/\s+/).filter(Boolean) : textsOf(given);
  const name = program.replace(/\.exe$/i, '').replace(/^.*[\\/]/, '');
  if (name === 'ssh') return overSsh(program, args);
  const command = withoutShell(args);
  const way = /^(docker|podman|nerdctl|kubectl|lxc-attach|nsenter)$/.test(name)
    ? hostFrom({ label: [name, ...command.slice(-1)].join(' '), command: [program, ...command] })
    : undefined;
  return { elsewhere: { name: way?.kind === 'command' ? way.label : name, ...(way ? { way } : {}) } };
}

/** Options of ssh that take a word of their own. */
const WITH_VALUE = /^-[bcDEeFIiJLlmOopQRSWw]$/;

function overSsh(program: string, args: readonly string[]): DebuggeePlace {
  let at = 0;
  while (args[at]?.startsWith('-')) at += WITH_VALUE.test(args[at] ?? '') ? 2 : 1;
  const alias = args[at];
  if (alias === undefined) return { elsewhere: { name: 'ssh' } };
  const options = args.slice(0, at).filter((option) => !/^-[TtqnC46]+$/.test(option));
  const way = hostFrom(
    options.length === 0 ? alias : { label: alias, command: [program, ...args.slice(0, at + 1)] },
  );
  return { elsewhere: { name: alias, ...(way ? { way } : {}) } };
}

/** What the debugger's program stands behind is its line's business; the inspector appends `sh -c LINE` of its own. */
function withoutShell(args: readonly string[]): readonly string[] {
  const shell = args.findIndex((word, index) => /(^|\/)(ba|da|z|)sh$/.test(word) && args[index + 1] === '-c');
  return shell < 0 ? args : args.slice(0, shell);
}

/** The debugger talks with a server that runs beside the process: gdbserver, lldb-server, debugpy, delve, the inspector of Node. */
function served(configuration: Fields): DebuggeePlace | undefined {
  const host = serverOf(configuration);
  if (host === undefined) return isMapped(configuration) ? { unsure: true } : undefined;
  if (LOOPBACK.test(host)) return { unsure: true };
  const way = hostFrom(host);
  return { elsewhere: { name: host, ...(way ? { way } : {}) } };
}

function serverOf(configuration: Fields): string | undefined {
  const connect = fieldsOf(configuration['connect']);
  const named = [
    hostPart(configuration['miDebuggerServerAddress']),
    hostPart(configuration['target']),
    textOf(configuration['gdb-remote-hostname']),
    textOf(connect['host']),
    configuration['request'] === 'attach' ? textOf(configuration['address']) : undefined,
    configuration['request'] === 'attach' || configuration['mode'] === 'remote'
      ? textOf(configuration['host'])
      : undefined,
  ].find((host) => host !== undefined);
  if (named !== undefined) return named;
  if (configuration['gdb-remote-port'] !== undefined || configuration['mode'] === 'remote') return '';
  return COMMANDS.flatMap((key) => textsOf(configuration[key]))
    .map((line) => REMOTE.exec(line)?.[1])
    .find((host) => host !== undefined);
}

/** `host:port`, `[::1]:port`; a path or anything else is none. */
function hostPart(value: unknown): string | undefined {
  const [, bracketed, plain] = /^\s*(?:\[([^\]]*)\]|([^:\s/]*)):\d+\s*$/.exec(textOf(value) ?? '') ?? [];
  return bracketed ?? plain;
}

/** Where lldb's and gdb's own commands stand in configurations. */
const COMMANDS = [
  'initCommands',
  'preRunCommands',
  'attachCommands',
  'launchCommands',
  'processCreateCommands',
  'targetCreateCommands',
  'setupCommands',
];
const REMOTE =
  /^\s*(?:gdb-remote|platform connect|process connect(?: --plugin \S+)?|target (?:extended-)?remote)\s+(?:[a-z-]+:\/\/)?\[?([^\s:\]/]*)\]?:?\d*/;

/** Sources that have other paths where the program runs: a container, most often. */
function isMapped(configuration: Fields): boolean {
  return (
    configuration['request'] === 'attach' &&
    (textOf(configuration['remoteRoot']) !== undefined ||
      (Array.isArray(configuration['pathMappings']) && configuration['pathMappings'].length > 0))
  );
}
