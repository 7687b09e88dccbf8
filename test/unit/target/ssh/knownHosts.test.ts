import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fingerprint, hostKeyAlgorithms, keyTypeOf } from '../../../../src/target/ssh/hostKey';
import {
  judgeHostKey,
  knownHostLine,
  knownName,
  knownTypes,
  namesHost,
  parseKnownHosts,
} from '../../../../src/target/ssh/knownHosts';

function wire(...parts: readonly (string | Buffer)[]): Buffer {
  return Buffer.concat(
    parts.flatMap((part) => {
      const data = Buffer.from(part);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(data.length);
      return [length, data];
    }),
  );
}

function ed25519(): Buffer {
  const { publicKey } = generateKeyPairSync('ed25519');
  return wire('ssh-ed25519', publicKey.export({ type: 'spki', format: 'der' }).subarray(-32));
}

const [A, B] = [ed25519(), ed25519()];
const RSA = wire('ssh-rsa', Buffer.from([1, 0, 1]), Buffer.alloc(257, 7));
const line = (hosts: string, key: Buffer) => `${hosts} ${keyTypeOf(key)} ${key.toString('base64')}`;
const judge = (text: string, key: Buffer, name = 'db1') =>
  judgeHostKey(parseKnownHosts(text, '/k'), name, key);

describe('judgeHostKey', () => {
  it('knows a plain, a wildcard and a hashed line', () => {
    expect(judge(line('db1', A), A)).toEqual({ kind: 'known' });
    expect(judge(`${line('x,DB?,y', A)} comment`, A)).toEqual({ kind: 'known' });
    expect(judge(line('db*,!db1', A), A)).toMatchObject({ kind: 'unknown' });
    expect(judge(knownHostLine('db1', A, true), A)).toEqual({ kind: 'known' });
    expect(judge(knownHostLine('db2', A, true), A)).toMatchObject({ kind: 'unknown' });
  });

  it('a hashed name of OpenSSH', () => {
    // ssh-keygen -H of the name example.org.
    const hashed = '|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg=';
    expect(namesHost(hashed, '192.168.1.61')).toBe(true);
    expect(namesHost(hashed, '192.168.1.62')).toBe(false);
  });

  it('one equal key is enough; another of its type is a change, one of another type a hint', () => {
    expect(judge(`${line('db1', B)}\n${line('db1', A)}`, A)).toEqual({ kind: 'known' });
    expect(judge(`# x\n\n${line('db1', B)}\r\n${line('db1', RSA)}`, A)).toMatchObject({
      kind: 'changed',
      at: [{ file: '/k', line: 3 }],
    });
    expect(judge(line('db1', RSA), A)).toMatchObject({
      kind: 'unknown',
      others: [{ line: 1, type: 'ssh-rsa' }],
    });
  });

  it('a revoked key is never good; a revoked other one says nothing', () => {
    expect(judge(`${line('db1', A)}\n@revoked ${line('*', A)}`, A)).toMatchObject({
      kind: 'revoked',
      at: { line: 2 },
    });
    expect(judge(`${line('db1', A)}\n@revoked ${line('*', B)}`, A)).toEqual({ kind: 'known' });
    expect(judge(`@revoked ${line('*', B)}`, A)).toMatchObject({ kind: 'unknown' });
  });

  it('an authority does not make a plain key known, not even its own', () => {
    const text = `@cert-authority ${line('*', A)}`;
    expect(judge(text, A)).toMatchObject({ kind: 'unknown', authorities: [{ line: 1 }] });
    expect(knownTypes(parseKnownHosts(text, '/k'), 'db1')).toEqual(new Set());
  });

  it('passes over what it cannot understand', () => {
    const odd = [
      'db1',
      'db1 ssh-ed25519',
      'db1 ssh-ed25519 AAAA',
      `@other ${line('db1', A)}`,
      `db1 ssh-rsa ${A.toString('base64')}`,
      `db1 1024 35 1234567`,
      '|1|x|y ssh-ed25519 !!!',
    ];
    expect(parseKnownHosts(odd.join('\n'), '/k')).toEqual([]);
    expect(namesHost('|1|', 'db1')).toBe(false);
    expect(namesHost('|1||', 'db1')).toBe(false);
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.uint8Array(), (text, hosts, key) => {
        judge(`${text}\n${hosts} ssh-ed25519 ${A.toString('base64')}`, Buffer.from(key));
      }),
    );
  });
});

describe('names and keys', () => {
  it('a port other than 22 belongs to the name, of an alias none does', () => {
    expect(knownName('DB1', 22)).toBe('db1');
    expect(knownName('db1', 2200)).toBe('[db1]:2200');
    expect(knownName('db1', 2200, 'Alias')).toBe('alias');
  });

  it('asks for the types that are known first', () => {
    expect(hostKeyAlgorithms(new Set()).at(0)).toBe('ssh-ed25519');
    expect(hostKeyAlgorithms(new Set(['ssh-rsa'])).slice(0, 3)).toEqual([
      'rsa-sha2-512',
      'rsa-sha2-256',
      'ssh-ed25519',
    ]);
  });

  it('has the fingerprint that ssh-keygen -l prints', () => {
    const key = 'AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl';
    // GitHub's, as it publishes it.
    expect(fingerprint(Buffer.from(key, 'base64'))).toBe(
      'SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU',
    );
  });
});
