/** Where processes are inspected, as plain data: a window remembers the ones it has used. */
export type HostId = (LocalHost | SshHost | CommandHost) & {
  /** With the rights of root, by sudo. */
  readonly sudo?: boolean;
};

export interface LocalHost {
  readonly kind: 'local';
}

export interface SshHost {
  readonly kind: 'ssh';
  /** A name of ~/.ssh/config, or `user@host:port`. */
  readonly alias: string;
}

/** Whatever a command leads to that takes `sh -c LINE` at its end and hands on the three byte streams. */
export interface CommandHost {
  readonly kind: 'command';
  readonly label: string;
  /** Program and arguments; no shell reads them. */
  readonly command: readonly string[];
}

export const LOCAL: HostId = { kind: 'local' };

/** The same for the same host, whatever it is called. */
export function hostKey(id: HostId): string {
  const way =
    id.kind === 'local'
      ? 'local'
      : id.kind === 'ssh'
        ? `ssh:${id.alias}`
        : `command:${JSON.stringify(id.command)}`;
  return id.sudo ? `sudo ${way}` : way;
}

/** For people: "this machine", "db1", "web (sudo)". */
export function hostName(id: HostId): string {
  const name = id.kind === 'local' ? 'this machine' : id.kind === 'ssh' ? id.alias : id.label;
  return id.sudo ? `${name} (sudo)` : name;
}

/** This machine, with the rights the inspector has. */
export function isHere({ kind, sudo }: HostId): boolean {
  return kind === 'local' && !sudo;
}

/** What a window has remembered, or a user's setting has, as a host; undefined = it is none. */
export function hostFrom(value: unknown): HostId | undefined {
  if (typeof value === 'string') return sshHost(value);
  if (typeof value !== 'object' || value === null) return undefined;
  const { kind, alias, label, command, sudo } = value as Record<string, unknown>;
  const found =
    kind === 'ssh' || (kind === undefined && alias !== undefined)
      ? sshHost(alias)
      : commandHost(label, command);
  return found && sudo === true ? { ...found, sudo } : found;
}

/** A name that starts with a dash would be an option of the programs it is handed to. */
function sshHost(alias: unknown): HostId | undefined {
  if (typeof alias !== 'string') return undefined;
  const name = alias.trim();
  return /^[^-\s\p{Cc}][^\s\p{Cc}]{0,252}$/u.test(name) ? { kind: 'ssh', alias: name } : undefined;
}

function commandHost(label: unknown, command: unknown): HostId | undefined {
  if (!Array.isArray(command) || command.length === 0 || command[0] === '') return undefined;
  if (!command.every((word): word is string => typeof word === 'string' && !word.includes('\0')))
    return undefined;
  return {
    kind: 'command',
    label: typeof label === 'string' && label.trim() !== '' ? label.trim() : command.join(' '),
    command,
  };
}
