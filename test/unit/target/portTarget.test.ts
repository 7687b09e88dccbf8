import { describe, expect, it, onTestFinished } from 'vitest';
import { UserError } from '../../../src/model/errors';
import { lendTarget, portTarget } from '../../../src/target/portTarget';
import type { Target } from '../../../src/target/target';

/** A target that refuses everything but what a test gives it. */
function targetOf(parts: Partial<Target> = {}): Target {
  const none = () => Promise.reject(new Error('not asked for'));
  return {
    label: 'this machine',
    frozen: false,
    rights: { uid: 0, capabilities: 1n << 38n },
    arch: 'x86_64',
    read: none,
    list: none,
    link: none,
    inodes: none,
    memory: none,
    dispose: () => undefined,
    ...parts,
  };
}

/** Both ends of a way to a target, closed after the test. */
function through(target: Target) {
  const loan = lendTarget(target);
  const proxy = portTarget(loan.facts, loan.port);
  onTestFinished(() => {
    loan.close();
    proxy.dispose();
  });
  return { loan, proxy };
}

describe('a target in another thread', () => {
  it('answers with its bytes, and leaves those of others where they are', async () => {
    const frame = Buffer.from('first second');
    const { proxy } = through(
      targetOf({
        read: async (paths, options) => [
          { ok: true, data: frame.subarray(0, 5), truncated: false },
          { ok: true, data: frame.subarray(6), truncated: options?.limit === 6 },
          { ok: false, errno: paths[2] ?? '' },
        ],
      }),
    );
    const answers = await proxy.read(['a', 'b', 'ENOENT'], { limit: 6 });
    expect(answers).toEqual([
      { ok: true, data: Buffer.from('first'), truncated: false },
      { ok: true, data: Buffer.from('second'), truncated: true },
      { ok: false, errno: 'ENOENT' },
    ]);
    const [first] = answers;
    expect(first?.ok && Buffer.isBuffer(first.data)).toBe(true);
    expect(frame.toString()).toBe('first second');
  });

  it('says what the target is and has, and asks its parts', async () => {
    const unused = () => Promise.reject(new Error('not asked for'));
    const { proxy } = through(
      targetOf({
        self: 42,
        kernel: {
          find: unused,
          chains: unused,
          scan: unused,
          chase: unused,
          read: async (ranges) =>
            ranges.map(({ address }) => {
              const data = Buffer.alloc(8);
              data.writeBigUInt64LE(address);
              return { ok: true, data, truncated: false };
            }),
        },
        binaries: {
          read: unused,
          identify: async ([file]) => [
            { size: file?.kind === 'executable' ? file.pid : 0, inode: 9n, device: 1n, modified: 3 },
          ],
        },
      }),
    );
    expect(proxy).toMatchObject({ self: 42, arch: 'x86_64', rights: { uid: 0, capabilities: 1n << 38n } });
    expect(proxy.sockets).toBeUndefined();
    const [word] = (await proxy.kernel?.read([{ address: 0xffff_8880_0000_1234n, length: 8 }])) ?? [];
    expect(word?.ok && word.data.readBigUInt64LE()).toBe(0xffff_8880_0000_1234n);
    expect(await proxy.binaries?.identify([{ kind: 'executable', pid: 7 }])).toEqual([
      { size: 7, inode: 9n, device: 1n, modified: 3 },
    ]);
    expect(through(targetOf()).proxy.binaries).toBeUndefined();
  });

  it('passes errors on as what they were', async () => {
    const gone = new UserError('probe-gone', 'The probe is gone.', 'It ended with code 1.', 'Try again.');
    const { proxy } = through(targetOf({ list: () => Promise.reject(gone) }));
    await expect(proxy.list(['/proc'])).rejects.toEqual(gone);
    await expect(proxy.list(['/proc'])).rejects.toBeInstanceOf(UserError);
    await expect(proxy.link(['/proc'])).rejects.toThrow('not asked for');
  });

  it('is lost with the target, and with the port', async () => {
    let lose: (why: string) => void = () => undefined;
    const never = () => new Promise<never>(() => undefined);
    const lost = new Promise<string>((resolve) => {
      lose = resolve;
    });
    const { proxy } = through(targetOf({ lost, read: never }));
    const asked = proxy.read(['/proc/1/maps']);
    lose('It was unplugged.');
    await expect(asked).rejects.toThrow('It was unplugged.');
    expect(await proxy.lost).toBe('It was unplugged.');

    const other = through(targetOf({ read: never }));
    const waiting = other.proxy.read(['/proc/1/maps']);
    other.loan.close();
    await expect(waiting).rejects.toThrow('It was closed.');
    await expect(other.proxy.read(['/proc/1/maps'])).rejects.toThrow('It was closed.');
  });

  it('does nothing of a target that only its owner may', async () => {
    let disposed = false;
    const loan = lendTarget(
      targetOf({
        dispose: () => {
          disposed = true;
        },
      }),
    );
    onTestFinished(loan.close);
    const answer = new Promise((resolve) => loan.port.on('message', resolve));
    loan.port.postMessage({ id: 1, method: 'dispose', args: [] });
    expect(await answer).toMatchObject({ id: 1, failure: { message: 'A target does not do dispose.' } });
    expect(disposed).toBe(false);
  });
});
