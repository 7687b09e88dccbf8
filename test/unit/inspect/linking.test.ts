import { describe, expect, it } from 'vitest';
import { linkWithin } from '../../../src/inspect/linking';
import type { Sample } from '../../../src/model/sample';
import { sampleOf } from '../samples';

const bare = sampleOf();
const linked = sampleOf({ process: { pid: 7, name: 'linked', command: [] } });

function controlled() {
  let resolve: (sample: Sample) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<Sample>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

const link = () => Promise.resolve(linked);

describe('a look that links its Sample', () => {
  it('waits for it as long as it has patience', async () => {
    expect(await linkWithin(bare, Promise.resolve(linked), { link, patience: 1000 })).toBe(linked);
    const { promise, resolve } = controlled();
    const endless = linkWithin(bare, promise, { link });
    resolve(linked);
    expect(await endless).toBe(linked);
  });

  it('goes on without it, and is told when it is there', async () => {
    const { promise, resolve } = controlled();
    const late: Sample[] = [];
    const options = { link, patience: 1, late: (sample: Sample) => void late.push(sample) };
    expect(await linkWithin(bare, promise, options)).toBe(bare);
    expect(late).toEqual([]);
    resolve(linked);
    await promise;
    expect(late).toEqual([linked]);
  });

  it('says that it took too long where nobody waits for it', async () => {
    const sample = await linkWithin(bare, controlled().promise, { link, patience: 1 });
    expect(sample).toMatchObject({
      process: bare.process,
      notVisible: [{ why: expect.stringContaining('more than 0.001 s') }],
    });
  });

  it('fails with it, but not after its time', async () => {
    const { promise, reject } = controlled();
    const gone = new Error('gone');
    await expect(linkWithin(bare, Promise.reject(gone), { link, patience: 1000 })).rejects.toBe(gone);
    const late = () => undefined;
    expect(await linkWithin(bare, promise, { link, patience: 1, late })).toBe(bare);
    reject(gone);
    await expect(promise).rejects.toBe(gone);
  });

  it('is not held up once it is given up', async () => {
    const { promise, resolve } = controlled();
    const abort = new AbortController();
    const late: Sample[] = [];
    const options = { link, patience: 60_000, late: (sample: Sample) => void late.push(sample) };
    const waiting = linkWithin(bare, promise, options, abort.signal);
    abort.abort();
    expect(await waiting).toBe(bare);
    resolve(linked);
    await promise;
    expect(late).toEqual([]);
  });
});
