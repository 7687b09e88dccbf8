import { createHash } from 'node:crypto';

/** The first string of a key as it goes over the wire: its type. Empty where there is none. */
export function keyTypeOf(key: Buffer): string {
  const length = key.length >= 4 ? key.readUInt32BE(0) : 0;
  return length > 64 || key.length < 4 + length ? '' : key.toString('latin1', 4, 4 + length);
}

/** As ssh-keygen -l prints it: SHA256:… */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** Signature algorithms for host keys, of those that ssh2 has, the preferred first. SHA-1 signatures are left out. */
const ALGORITHMS: readonly (readonly [algorithm: string, keyType: string])[] = [
  ['ssh-ed25519', 'ssh-ed25519'],
  ['ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp256'],
  ['ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp384'],
  ['ecdsa-sha2-nistp521', 'ecdsa-sha2-nistp521'],
  ['rsa-sha2-512', 'ssh-rsa'],
  ['rsa-sha2-256', 'ssh-rsa'],
];

/** All algorithms, those of key types that are known of the host first: else a server would show another key of its own. */
export function hostKeyAlgorithms(knownTypes: ReadonlySet<string>): string[] {
  const rank = (keyType: string) => (knownTypes.has(keyType) ? 0 : 1);
  return [...ALGORITHMS].sort(([, a], [, b]) => rank(a) - rank(b)).map(([algorithm]) => algorithm);
}
