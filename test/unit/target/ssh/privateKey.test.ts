import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadLibrary } from '../../../../src/target/ssh/loadLibrary';
import { publicLine, publicPart, unlock } from '../../../../src/target/ssh/privateKey';

const library = await loadLibrary();

/** Made by ssh-keygen -t ed25519 -a 1 -N word for these tests alone. */
const LOCKED = `-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABBFvE14Ve
l+l8pcY1j150+OAAAAAQAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIDGnW39GuXg9wVCC
pi6x4OCzJL9/WfGqQgipveiMoNThAAAAkOlDB0/Z66jR+HN8h9tacq0deNsTVZPT0R3GWE
SSLrzpp1n865DC4oVS2NUvRs7kTNdVATT4W5Q0qf46LkZRAgIWS5OhF1NfC2/lAMH4ogLa
Y70ZB7IUP0c8zFgL7Z1v8tq05UP2txJbcoyfsvq6OwAot7dx2CcKncFuCM45DJdWsjpO8k
Knl1k7lvRMYjJuaQ==
-----END OPENSSH PRIVATE KEY-----
`;

const rsa = (type: 'pkcs1' | 'pkcs8', passphrase?: string) =>
  generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({
    type,
    format: 'pem',
    ...(passphrase === undefined ? {} : { cipher: 'aes-128-cbc', passphrase }),
  }) as string;

describe('unlock', () => {
  it('a locked key of OpenSSH wants its passphrase, and shows its public part without', () => {
    expect(unlock(LOCKED, undefined, library)).toEqual({ kind: 'locked' });
    expect(unlock(LOCKED, 'other', library)).toEqual({ kind: 'locked' });
    const opened = unlock(LOCKED, 'word', library);
    expect(opened.kind).toBe('key');
    if (opened.kind === 'key') expect(opened.key.getPublicSSH()).toEqual(publicPart(LOCKED));
  });

  it.each(['pkcs1', 'pkcs8'] as const)('%s, in the clear and locked', (type) => {
    expect(unlock(rsa(type), undefined, library)).toMatchObject({ kind: 'key', key: { type: 'ssh-rsa' } });
    const locked = rsa(type, 'word');
    expect(unlock(locked, undefined, library)).toEqual({ kind: 'locked' });
    expect(unlock(locked, 'other', library)).toEqual({ kind: 'locked' });
    expect(unlock(locked, 'word', library)).toMatchObject({ kind: 'key', key: { type: 'ssh-rsa' } });
  });

  it('one that would take minutes to unlock is left out', () => {
    const [, body = ''] = /KEY-----([^-]*)/.exec(LOCKED) ?? [];
    const data = Buffer.from(body, 'base64');
    // Behind the magic, "aes256-ctr", "bcrypt", and 16 bytes of salt.
    const at = 15 + (4 + 10) + (4 + 6) + 4 + (4 + 16);
    expect(data.readUInt32BE(at)).toBe(1);
    data.writeUInt32BE(1_000_000_000, at);
    expect(unlock(LOCKED.replace(body, `\n${data.toString('base64')}\n`), 'word', library)).toEqual({
      kind: 'unreadable',
      why: 'it takes 1000000000 rounds to unlock',
    });
  });

  it('what is no private key is unreadable, and is not repeated', () => {
    const secret = 'not-a-key-but-secret';
    for (const text of [
      '',
      secret,
      `-----BEGIN OPENSSH PRIVATE KEY-----\n${secret}\n-----END OPENSSH PRIVATE KEY-----`,
    ]) {
      const opened = unlock(text, undefined, library);
      expect(opened).toMatchObject({ kind: 'unreadable' });
      expect(JSON.stringify(opened)).not.toContain(secret);
    }
    expect(unlock('ssh-ed25519 AAAA x', undefined, library).kind).toBe('unreadable');
  });

  it('never throws, however a key is damaged', () => {
    const whole = [LOCKED, rsa('pkcs1'), rsa('pkcs8'), rsa('pkcs1', 'word')];
    fc.assert(
      fc.property(
        fc.constantFrom(...whole),
        fc.nat(),
        fc.string({ maxLength: 6 }),
        fc.nat(60),
        (key, at, put, cut) => {
          const from = at % key.length;
          const damaged = key.slice(0, from) + put + key.slice(from + cut);
          unlock(damaged, undefined, library);
          // Unlocking this one takes 0.15 s each time.
          if (key !== LOCKED) unlock(damaged, 'word', library);
          publicPart(damaged);
          publicLine(damaged);
        },
      ),
      { numRuns: 300 },
    );
  });
});
