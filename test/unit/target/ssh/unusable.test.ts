import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { typesIn } from '../../../../src/target/ssh/unusable';

const string = (text: string | Buffer): Buffer => {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};

function answer(...types: readonly string[]): Buffer {
  const keys = types.map((type) =>
    Buffer.concat([string(Buffer.concat([string(type), string('point')])), string('comment')]),
  );
  const count = Buffer.alloc(4);
  count.writeUInt32BE(types.length);
  return string(Buffer.concat([Buffer.from([12]), count, ...keys]));
}

describe('the keys that an agent lists', () => {
  it('are told by their types, those of FIDO keys and certificates, too', () => {
    const types = ['ssh-ed25519', 'sk-ssh-ed25519@openssh.com', 'ssh-rsa-cert-v01@openssh.com'];
    expect(typesIn(answer(...types))).toEqual(types);
    expect(typesIn(answer())).toEqual([]);
  });

  it('are told as far as the answer goes, whatever it holds', () => {
    const whole = answer('ssh-ed25519', 'ssh-rsa');
    for (let length = 0; length <= whole.length; length++)
      expect(['ssh-ed25519', 'ssh-rsa']).toEqual(expect.arrayContaining(typesIn(whole.subarray(0, length))));
    expect(typesIn(Buffer.from([0, 0, 0, 1, 5]))).toEqual([]);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => Array.isArray(typesIn(Buffer.from(bytes)))),
    );
  });
});
