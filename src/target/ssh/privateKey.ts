import { createPrivateKey, type KeyObject } from 'node:crypto';
import type { ParsedKey } from 'ssh2';
import type { Library } from './loadLibrary';

export type Unlocking =
  | { readonly kind: 'key'; readonly key: ParsedKey }
  /** A passphrase is needed, or the one given is wrong. */
  | { readonly kind: 'locked' }
  | { readonly kind: 'unreadable'; readonly why: string };

/** Rounds of bcrypt (ssh-keygen -a), about 10 ms each in which nothing else runs. ssh-keygen's own are 16 or 24. */
const MOST_ROUNDS = 500;

/** A private key's file: OpenSSH's own format, PEM (PKCS#1, SEC 1, DSA) or PKCS#8 of RSA and EC. Never throws. */
export function unlock(text: string, passphrase: string | undefined, library: Library): Unlocking {
  const pkcs8 = /-----BEGIN (ENCRYPTED )?PRIVATE KEY-----/.exec(text);
  if (pkcs8) return unlockPkcs8(text, pkcs8[1] !== undefined, passphrase, library);
  const rounds = openssh(text)?.rounds ?? 0;
  if (rounds > MOST_ROUNDS) return { kind: 'unreadable', why: `it takes ${rounds} rounds to unlock` };
  const parsed = library.utils.parseKey(text, passphrase);
  const key = Array.isArray(parsed) ? parsed[0] : parsed;
  if (!key) return { kind: 'unreadable', why: 'it holds no key' };
  if (key instanceof Error) {
    if (isEncrypted(text)) return { kind: 'locked' };
    // The message may repeat what it could not read.
    return { kind: 'unreadable', why: 'its format is not known' };
  }
  return key.isPrivateKey()
    ? { kind: 'key', key }
    : { kind: 'unreadable', why: 'it holds a public key only' };
}

/** The public part that OpenSSH's format keeps in the clear (PROTOCOL.key), as it goes over the wire. */
export function publicPart(text: string): Buffer | undefined {
  return openssh(text)?.publicKey;
}

/** What a file with a public key holds: `ssh-ed25519 AAAA… comment`. */
export function publicLine(text: string): Buffer | undefined {
  const encoded = /^\s*[a-z0-9@.-]+\s+([A-Za-z0-9+/]+=*)/.exec(text)?.[1];
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64');
}

function isEncrypted(text: string): boolean {
  const own = openssh(text);
  if (own) return own.cipher !== 'none';
  return /^(Proc-Type: *4,ENCRYPTED|DEK-Info:)/m.test(text);
}

interface OpensshKey {
  readonly cipher: string;
  readonly rounds: number;
  readonly publicKey: Buffer;
}

function openssh(text: string): OpensshKey | undefined {
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]*?)-----END/.exec(text)?.[1];
  if (body === undefined) return undefined;
  const data = Buffer.from(body, 'base64');
  const magic = 'openssh-key-v1\0';
  if (data.toString('latin1', 0, magic.length) !== magic) return undefined;
  let at = magic.length;
  const next = (): Buffer | undefined => {
    if (at + 4 > data.length) return undefined;
    const end = at + 4 + data.readUInt32BE(at);
    if (end > data.length) return undefined;
    const part = data.subarray(at + 4, end);
    at = end;
    return part;
  };
  const cipher = next()?.toString('latin1');
  const derivation = next() && next();
  at += 4;
  const publicKey = next();
  if (cipher === undefined || !derivation || !publicKey) return undefined;
  // A salt, and behind it the number.
  const rounds = derivation.length >= 4 ? derivation.readUInt32BE(derivation.length - 4) : 0;
  return { cipher, rounds, publicKey };
}

/** ssh2 does not know PKCS#8: it is given the key in the older form. */
function unlockPkcs8(
  text: string,
  encrypted: boolean,
  passphrase: string | undefined,
  library: Library,
): Unlocking {
  if (encrypted && passphrase === undefined) return { kind: 'locked' };
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: text, ...(passphrase === undefined ? {} : { passphrase }) });
  } catch {
    return encrypted ? { kind: 'locked' } : { kind: 'unreadable', why: 'its format is not known' };
  }
  const type =
    key.asymmetricKeyType === 'rsa' ? 'pkcs1' : key.asymmetricKeyType === 'ec' ? 'sec1' : undefined;
  if (type === undefined) return { kind: 'unreadable', why: 'PKCS#8 is read of RSA and EC keys only' };
  return unlock(key.export({ type, format: 'pem' }).toString(), undefined, library);
}
