import { spawn } from 'node:child_process';
import { UserError } from '../../model/errors';
import { printable } from '../../model/printable';
import type { RemoteCommand, RemoteEnd, RemoteHost } from '../remoteHost';

/** Commands that reach into a container, by the tool that runs it; the container's name follows, then what stands behind it. */
export const CONTAINER_COMMANDS = {
  docker: { before: ['docker', 'exec', '-i'], behind: [] },
  podman: { before: ['podman', 'exec', '-i'], behind: [] },
  kubectl: { before: ['kubectl', 'exec', '-i'], behind: ['--'] },
} as const satisfies Record<string, { before: readonly string[]; behind: readonly string[] }>;
export type ContainerTool = keyof typeof CONTAINER_COMMANDS;

/**
 * The command for a container. `options` go before its name: ['--user', '0'], ['-n', 'shop', '-c', 'web']. Throws a UserError
 * where the name would be taken for an option.
 */
export function containerCommand(
  tool: ContainerTool,
  name: string,
  options: readonly string[] = [],
): string[] {
  if (name === '' || name.startsWith('-') || name.includes('\0')) {
    throw new UserError(
      'usage',
      'That is no name of a container.',
      `"${printable(name, 80)}" is empty or begins with "-".`,
      `Give a name that ${tool} lists.`,
    );
  }
  const { before, behind } = CONTAINER_COMMANDS[tool];
  return [...before, ...options, name, ...behind];
}

/**
 * The words that run a line through a command. kubectl and oc read options behind the pod's name, too, and would take `-c` for the
 * container's: `--` ends theirs where the user has not.
 */
export function withLine(argv: readonly string[], line: string): string[] {
  const tool = argv.findIndex((word) => /^(?:.*\/)?(?:kubectl|oc)$/.test(word));
  const reads = tool >= 0 && argv.includes('exec', tool) && !argv.includes('--', tool);
  return [...argv, ...(reads ? ['--'] : []), 'sh', '-c', line];
}

/** Milliseconds that a command has to end and to tidy up: what it started has lost its stdin. */
const FAREWELL = 1000;

/** This machine as a host: what runs there is a child of this program. */
export function thisMachine(): RemoteHost {
  return openCommand([], 'this machine');
}

/** Milliseconds for OpenSSH's client, which asks for passwords and host keys on the terminal. */
const SSH_PATIENCE = 120_000;

/**
 * A host that is reached by a command of this machine, which gets `sh -c LINE` appended: `docker exec -i web`,
 * `nsenter -a -t 4242`. It must hand the words on as they are; `ssh HOST`, which hands them to a shell, gets LINE quoted. Nothing
 * is started before something is run. No shell of this machine sees the words.
 */
export function openCommand(argv: readonly string[], label: string): RemoteHost {
  const bySsh = isSsh(argv);
  const commands = new Set<RemoteCommand>();
  let closed = false;
  let leave: (why: string) => void = () => {};
  const lost = new Promise<string>((resolve) => {
    leave = resolve;
  });
  return {
    label,
    lost,
    ...(bySsh ? { patience: SSH_PATIENCE } : {}),
    run: async (line) => {
      if (closed) throw commandFailed(label, 'It was closed.');
      const [program = 'sh', ...rest] = withLine(argv, bySsh ? quotedForShells(line) : line);
      const command = await started(program, rest, label);
      commands.add(command);
      void command.ended.then(() => commands.delete(command));
      return command;
    },
    close: () => {
      closed = true;
      for (const command of commands) command.kill();
      leave('It was closed.');
    },
  };
}

function isSsh([program = '']: readonly string[]): boolean {
  return /(^|[/\\])ssh(\.exe)?$/i.test(program);
}

/** One word for POSIX shells, fish and csh alike: of a line without newline, `!` and backslash before a quote. */
function quotedForShells(line: string): string {
  return `'${line.replaceAll("'", "'\\''")}'`;
}

function started(program: string, args: readonly string[], label: string): Promise<RemoteCommand> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true });
    const ended = new Promise<RemoteEnd>((settle) => {
      child.on('close', (code, signal) =>
        settle({ ...(code === null ? {} : { code }), ...(signal === null ? {} : { signal }) }),
      );
    });
    // Also said of a child that may not be ended: sudo's.
    child.on('error', (error) => reject(commandFailed(label, `${program} cannot be run: ${error.message}.`)));
    child.on('spawn', () => {
      const kill = () => {
        for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
        child.kill('SIGTERM');
        const timer = setTimeout(() => child.kill('SIGKILL'), FAREWELL);
        child.on('exit', () => clearTimeout(timer));
        timer.unref();
        child.unref();
      };
      resolve({ input: child.stdin, output: child.stdout, errors: child.stderr, ended, kill });
    });
  });
}

function commandFailed(label: string, why: string): UserError {
  return new UserError(
    'command-failed',
    `The command for ${label} did not start.`,
    printable(why, 300),
    'Try it in a terminal; its first word must be a program on the PATH.',
  );
}
