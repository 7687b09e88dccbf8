import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { UserError } from '../../model/errors';
import { printable } from '../../model/printable';
import type { Asker } from '../remoteHost';
import type { ConfigFiles } from './configFile';
import { fingerprint, hostKeyAlgorithms, keyTypeOf } from './hostKey';
import type { HostOptions } from './hostOptions';
import {
  type HostKeyVerdict,
  judgeHostKey,
  type KnownHostLine,
  knownHostLine,
  knownName,
  knownTypes,
  parseKnownHosts,
} from './knownHosts';
import { cancelled, hostKeyRefused } from './sshErrors';

/** A host's key against the known_hosts files as they are when this is made. */
export class HostKeyCheck {
  readonly algorithms: readonly string[];
  private readonly name: string;
  private proven: Buffer | undefined;
  /** What only a certificate would prove; present once the key turned out to be unknown and an authority is trusted. */
  vouched: string | undefined;

  private constructor(
    private readonly options: HostOptions,
    private readonly lines: readonly KnownHostLine[],
    private readonly asker: Asker,
    private readonly log: (line: string) => void,
  ) {
    this.name = knownName(options.hostname, options.port, options.hostKeyAlias);
    this.algorithms = hostKeyAlgorithms(knownTypes(lines, this.name));
  }

  static async open(
    options: HostOptions,
    files: ConfigFiles,
    asker: Asker,
    log: (line: string) => void,
  ): Promise<HostKeyCheck> {
    const paths = [...options.userKnownHostsFiles, ...options.globalKnownHostsFiles];
    const read = async (path: string) => parseKnownHosts((await files.read(path)) ?? '', path);
    return new HostKeyCheck(options, (await Promise.all(paths.map(read))).flat(), asker, log);
  }

  get passed(): boolean {
    return this.proven !== undefined;
  }

  /** Whether this connection has shown the key before, and it was good. */
  isProven(key: Buffer): boolean {
    return this.proven?.equals(key) === true;
  }

  /** Resolves where the key is known or the user now trusts it. Rejects with a UserError. */
  async verify(key: Buffer): Promise<void> {
    if (this.proven)
      throw hostKeyRefused(this.named, `It showed another key meanwhile: ${named(key)}.`, 'Connect again.');
    await this.judge(key);
    this.proven = key;
  }

  private async judge(key: Buffer): Promise<void> {
    const verdict = judgeHostKey(this.lines, this.name, key);
    switch (verdict.kind) {
      case 'known':
        return;
      case 'revoked':
        throw hostKeyRefused(
          this.named,
          `Its key ${named(key)} is revoked: ${placeOf(verdict.at)}.`,
          'Do not trust that machine; ask who runs it for its new key.',
        );
      case 'changed':
        throw this.changed(verdict.at, key);
      case 'unknown':
        await this.decide(verdict, key);
    }
  }

  private changed(at: readonly [KnownHostLine, ...KnownHostLine[]], key: Buffer): UserError {
    const [known] = at;
    const places = at.map(placeOf).join(', ');
    return hostKeyRefused(
      this.named,
      `It shows the key ${named(key)}, but another one is known of it: ${named(known.key)} (${places}). Someone may be ` +
        'between you and the host, or the host has a new key.',
      'Ask who runs the host. If it has a new key, remove the old one and connect again: ' +
        `ssh-keygen -f ${shellWord(known.file)} -R ${shellWord(this.name)}`,
    );
  }

  private async decide(verdict: HostKeyVerdict & { kind: 'unknown' }, key: Buffer): Promise<void> {
    const { strictHostKeyChecking: strict } = this.options;
    const why = [...this.hints(verdict)];
    if (strict === 'yes')
      throw hostKeyRefused(
        this.named,
        [`Its key ${named(key)} is not known, and StrictHostKeyChecking is yes.`, ...why].join(' '),
        'Compare it with what who runs the host tells you, and add it to known_hosts.',
      );
    if (strict === 'ask') {
      const trusted = await this.asker.confirm({
        text: `The identity of ${this.named} is not known. Connect?`,
        detail: [
          `Its ${kindOf(key)} key has the fingerprint ${fingerprint(key)}.`,
          ...why,
          'Compare it with what who runs the host tells you.',
          this.file === undefined ? 'It will not be remembered.' : `It will be added to ${this.file}.`,
        ].join('\n'),
        yes: 'Trust and Connect',
      });
      if (!trusted) throw cancelled(printable(this.options.name, 100));
    }
    await this.remember(key);
  }

  private *hints({ others, authorities }: HostKeyVerdict & { kind: 'unknown' }): Generator<string> {
    const [other] = others;
    if (other)
      yield `Keys of another kind are known of it (${others.map(placeOf).join(', ')}), but it shows none of them: take care.`;
    const [authority] = authorities;
    if (authority === undefined) return;
    this.vouched = `An authority is trusted to vouch for it (${placeOf(authority)}), but host certificates cannot be checked here.`;
    yield `${this.vouched} The system’s ssh checks them.`;
  }

  /** As the user named it, and as known_hosts has it. */
  private get named(): string {
    const { name } = this.options;
    return printable(name === this.name ? name : `${name} (${this.name})`, 200);
  }

  private get file(): string | undefined {
    return this.options.userKnownHostsFiles[0];
  }

  /** A file that cannot be written is no reason to refuse what the user trusts. */
  private async remember(key: Buffer): Promise<void> {
    const file = this.file;
    if (file === undefined) return;
    try {
      await append(file, knownHostLine(this.name, key, this.options.hashKnownHosts));
    } catch (error) {
      const { code = String(error) } = error as NodeJS.ErrnoException;
      this.log(
        `The key of ${this.name} could not be added to ${file} (${code}): it will be asked for again.`,
      );
    }
  }
}

/** Adds a line, behind a last one that may lack its end. */
async function append(path: string, line: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await open(path, 'a+', 0o600);
  try {
    const { size } = await file.stat();
    const last = Buffer.alloc(1);
    if (size > 0) await file.read(last, 0, 1, size - 1);
    await file.appendFile(size > 0 && last.toString() !== '\n' ? `\n${line}` : line);
  } finally {
    await file.close();
  }
}

function kindOf(key: Buffer): string {
  return printable(keyTypeOf(key).replace(/^ssh-|^ecdsa-sha2-/, '') || 'unknown', 40);
}

function named(key: Buffer): string {
  return `${fingerprint(key)} (${kindOf(key)})`;
}

function placeOf({ file, line }: KnownHostLine): string {
  return `${printable(file)}:${line}`;
}

/** For a command that a user copies. */
function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${printable(text).replaceAll("'", `'\\''`)}'`;
}
