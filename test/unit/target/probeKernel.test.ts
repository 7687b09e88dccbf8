import { describe, expect, it } from 'vitest';
import type { Failure, ReadResult } from '../../../src/probe/protocol';
import { WireError } from '../../../src/probe/wire';
import { ProbeKernel } from '../../../src/target/probeKernel';
import type { ReadOptions } from '../../../src/target/target';

const refused: Failure = { ok: false, errno: 'EPERM' };
const chain = { head: 1n, buckets: 1, stride: 0, next: 0, circular: false, node: 0, length: 8, most: 9 };
const way = { steps: [], last: 0, length: 0 };

/** What was asked, and a kernel whose every answer `say` gives. */
function kernelThat(say: (body: Buffer) => ReadResult) {
  const asked: { bodies: readonly Buffer[]; options: ReadOptions }[] = [];
  const kernel = new ProbeKernel(async (bodies, options) => {
    asked.push({ bodies, options });
    return bodies.map(say);
  });
  return { asked, kernel };
}

/** The address that a range or chase starts with. */
const echo = (body: Buffer): ReadResult => ({ ok: true, data: body.subarray(1, 9), truncated: false });

describe('ProbeKernel', () => {
  it('asks once for what is asked in one turn, and gives each its own answers', async () => {
    const { asked, kernel } = kernelThat(echo);
    const chase = (from: bigint) => kernel.chase([{ ...way, from }]);
    const later = chase(1n).then(() => Promise.all([chase(6n), chase(7n)]));
    const [two, none, one, limited] = await Promise.all([
      kernel.chase([
        { ...way, from: 2n },
        { ...way, from: 3n },
      ]),
      kernel.chase([]),
      kernel.read([{ address: 4n, length: 8 }]),
      kernel.read([{ address: 5n, length: 8 }], { limit: 10 }),
    ]);
    expect(two.map((end) => end.ok && end.address)).toEqual([2n, 3n]);
    expect(none).toEqual([]);
    expect(one.map((range) => range.ok && range.data.readUInt8(0))).toEqual([4]);
    expect(limited.map((range) => range.ok && range.data.readUInt8(0))).toEqual([5]);
    expect((await later).flat().map((end) => end.ok && end.address)).toEqual([6n, 7n]);
    expect(asked.map(({ bodies, options }) => [bodies.length, options.limit])).toEqual([
      [4, undefined],
      [1, 10],
      [2, undefined],
    ]);
  });

  it('passes refusals on', async () => {
    const { kernel } = kernelThat(() => refused);
    expect(await kernel.find(1, way)).toEqual(refused);
    expect(await kernel.read([{ address: 1n, length: 1 }])).toEqual([refused]);
    expect(await kernel.chase([{ ...way, from: 1n }])).toEqual([refused]);
    expect(await kernel.chains([chain])).toEqual([refused]);
  });

  it('rejects what is no answer to the question', async () => {
    const { kernel } = kernelThat(() => ({ ok: true, data: Buffer.alloc(7), truncated: false }));
    await expect(kernel.find(1, way)).rejects.toBeInstanceOf(WireError);
    await expect(kernel.chase([{ ...way, from: 1n }])).rejects.toBeInstanceOf(WireError);
    await expect(kernel.chains([chain])).rejects.toBeInstanceOf(WireError);
  });

  it('rejects every question of a turn when the probe is gone', async () => {
    const kernel = new ProbeKernel(() => Promise.reject(new Error('gone')));
    const all = await Promise.allSettled([kernel.find(1, way), kernel.chains([chain]), kernel.read([])]);
    expect(all.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  });
});
