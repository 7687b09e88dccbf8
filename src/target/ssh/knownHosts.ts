import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { keyTypeOf } from './hostKey';
import { matchPatterns } from './pattern';

/** A line of a known_hosts file (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
export interface KnownHostLine {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly marker?: 'cert-authority' | 'revoked';
  /** Comma-separated patterns, or one hashed name. */
  readonly hosts: string;
  readonly type: string;
  readonly key: Buffer;
}

/** Lines that cannot be understood are passed over, as OpenSSH does. */
export function parseKnownHosts(text: string, file: string): KnownHostLine[] {
  const lines: KnownHostLine[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const match = /^\s*(?:@(\S+)\s+)?([^\s#@]\S*)\s+([a-z0-9@.-]+)\s+([A-Za-z0-9+/]+=*)(?:\s|$)/.exec(line);
    if (!match) continue;
    const [, marker, hosts = '', type = '', encoded = ''] = match;
    if (marker !== undefined && marker !== 'cert-authority' && marker !== 'revoked') continue;
    const key = Buffer.from(encoded, 'base64');
    if (keyTypeOf(key) !== type) continue;
    lines.push({ file, line: index + 1, hosts, type, key, ...(marker === undefined ? {} : { marker }) });
  }
  return lines;
}

/** The name that a host has in known_hosts: another port than 22 belongs to it, of an alias none does. */
export function knownName(host: string, port: number, alias?: string): string {
  if (alias !== undefined) return alias.toLowerCase();
  return port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
}

/** Whether the first field of a line means the host of this name. */
export function namesHost(hosts: string, name: string): boolean {
  if (!hosts.startsWith('|1|'))
    return matchPatterns(
      name,
      hosts.split(',').map((pattern) => pattern.toLowerCase()),
    );
  const [, , salt = '', hash = ''] = hosts.split('|');
  const expected = Buffer.from(hash, 'base64');
  const actual = hmac(Buffer.from(salt, 'base64'), name);
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}

export type HostKeyVerdict =
  | { readonly kind: 'known' }
  | { readonly kind: 'revoked'; readonly at: KnownHostLine }
  /** Another key of this type stands there for the host. */
  | { readonly kind: 'changed'; readonly at: readonly [KnownHostLine, ...KnownHostLine[]] }
  | {
      readonly kind: 'unknown';
      /** Lines with keys of other types for the host. */
      readonly others: readonly KnownHostLine[];
      /** Authorities that may vouch for the host, of which a plain key says nothing. */
      readonly authorities: readonly KnownHostLine[];
    };

/** What the lines say of a host's key. One equal key is enough; a revoked one is never good (hostfile.c, sshconnect.c). */
export function judgeHostKey(lines: readonly KnownHostLine[], name: string, key: Buffer): HostKeyVerdict {
  const meant = lines.filter(({ hosts }) => namesHost(hosts, name));
  const revoked = meant.find((line) => line.marker === 'revoked' && line.key.equals(key));
  if (revoked) return { kind: 'revoked', at: revoked };
  const plain = meant.filter(({ marker }) => marker === undefined);
  if (plain.some((line) => line.key.equals(key))) return { kind: 'known' };
  const type = keyTypeOf(key);
  const [first, ...rest] = plain.filter((line) => line.type === type);
  if (first) return { kind: 'changed', at: [first, ...rest] };
  return {
    kind: 'unknown',
    others: plain,
    authorities: meant.filter(({ marker }) => marker === 'cert-authority'),
  };
}

/** Types of the keys that are known of a host. */
export function knownTypes(lines: readonly KnownHostLine[], name: string): Set<string> {
  const plain = lines.filter(({ marker, hosts }) => marker === undefined && namesHost(hosts, name));
  return new Set(plain.map(({ type }) => type));
}

/** A line for a key that is trusted from now on. */
export function knownHostLine(name: string, key: Buffer, hashed: boolean): string {
  const salt = randomBytes(20);
  const hosts = hashed ? `|1|${salt.toString('base64')}|${hmac(salt, name).toString('base64')}` : name;
  return `${hosts} ${keyTypeOf(key)} ${key.toString('base64')}\n`;
}

function hmac(salt: Buffer, name: string): Buffer {
  return createHmac('sha1', salt).update(name).digest();
}
