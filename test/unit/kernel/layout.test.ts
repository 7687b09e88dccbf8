import { describe, expect, it } from 'vitest';
import { parseBtf } from '../../../src/kernel/btf';
import { layoutFrom, layoutFromJson, layoutToJson } from '../../../src/kernel/layout';
import type { OptionalPlace } from '../../../src/kernel/places';
import { KERNELS, type Kernel, layoutOf, typesOf } from './layouts';

describe('layoutFrom', () => {
  it.each(KERNELS)('is complete for %s', (kernel) => {
    const layout = layoutOf(kernel);
    expect(layout.missing).toEqual([]);
    expect(layout.opcodes[22]).toBe('READ');
    expect(layout.hashed).toBe(2);
    expect(layout.sizes.request).toBeGreaterThan(200);
  });

  /** What tells the kernels apart, as their sources have it. */
  const shapes: readonly (readonly [Kernel, readonly OptionalPlace[], readonly OptionalPlace[]])[] = [
    ['5.10', ['wqNodes', 'requestTask', 'ringIopollCircle', 'ringFixedFiles'], ['ringFree', 'ringWaitids']],
    [
      '6.1',
      ['wqNodes', 'ringLockedPolls', 'ringLockedFree', 'ringIopoll'],
      ['ringAllocated', 'ringCommands'],
    ],
    ['6.12', ['wqWorkerList', 'ringFutexes', 'requestTask', 'workerNext'], ['wqNodes', 'accountWorkerList']],
    [
      '6.18',
      ['accountWorkerList', 'ringAllocated', 'requestTctx', 'ringFileNodes'],
      ['workerNext', 'requestTask'],
    ],
    [
      '7.2',
      ['tctxWorkHead', 'ringWorkStub', 'ringIopollCircle'],
      ['tctxWork', 'ringIopoll', 'ringFallbackWork'],
    ],
  ];
  it.each(shapes)('tells the shape of %s', (kernel, has, hasNot) => {
    const { optional } = layoutOf(kernel);
    for (const name of has) expect(optional, name).toHaveProperty(name);
    for (const name of hasNot) expect(optional, name).not.toHaveProperty(name);
  });

  it('agrees with what pahole says of 6.18', () => {
    const { needed, optional, sizes } = layoutOf('6.18');
    expect(needed.requestUserData).toEqual([80, 8]);
    expect(needed.ringCqTail).toEqual([528, 4]);
    expect(optional.accountQueue).toEqual([48, 16]);
    expect(sizes).toMatchObject({ request: 248, ring: 1472, account: 72, bucket: 64 });
  });

  it('knows what each processor has of its own, where the types tell', () => {
    expect(layoutOf('6.18').perProcessor).toEqual({ runQueue: 0x2ba80, offset: 0x15028 });
    expect(layoutOf('7.2').perProcessor).toEqual({ runQueue: 0x32100, offset: 0x18028 });
    expect(layoutOf('5.10').perProcessor).toEqual({});
  });

  /** The types of 6.18 with a name changed in place. */
  function renamed(from: string, to: string): ReturnType<typeof layoutFrom> {
    const data = Buffer.from(typesOf('6.18'));
    data.write(to, data.indexOf(`\0${from}\0`) + 1, 'latin1');
    const types = parseBtf(data);
    if (!types.ok) throw new Error(types.why);
    return layoutFrom(types.btf);
  }

  it('names what a kernel has renamed, and does without it', () => {
    const made = renamed('defer_list', 'later_list');
    expect(made.ok && made.layout.missing).toEqual(['io_ring_ctx.defer_list']);
  });

  it('names all shapes of what a kernel has in none of them', () => {
    const made = renamed('iopoll_list', 'polled_list');
    expect(made.ok && made.layout.missing).toEqual([
      'io_ring_ctx.iopoll_list:io_wq_work_list, io_ring_ctx.iopoll_list:list_head',
    ]);
  });

  it('does not do without what leads to the requests', () => {
    expect(renamed('opcode', 'opword')).toEqual({ ok: false, missing: ['io_kiocb.opcode'] });
  });
});

describe('layoutFromJson', () => {
  it.each(KERNELS)('gives back the layout of %s', (kernel) => {
    const layout = layoutOf(kernel);
    expect(layoutFromJson(layoutToJson(layout))).toEqual(layout);
  });

  const good = layoutOf('6.18');
  it.each([
    ['no JSON', '{'],
    ['no object', '[]'],
    ['another version', JSON.stringify({ ...good, version: good.version + 1 })],
    ['a place too few', JSON.stringify({ ...good, needed: { ...good.needed, requestLink: undefined } })],
    ['an offset that is none', JSON.stringify({ ...good, needed: { ...good.needed, requestLink: [-8, 8] } })],
    ['an offset too far', JSON.stringify({ ...good, sizes: { ...good.sizes, ring: 2 ** 40 } })],
    ['an unknown place', JSON.stringify({ ...good, optional: { elsewhere: [0, 8] } })],
    ['names that are none', JSON.stringify({ ...good, opcodes: [1, 2] })],
  ])('takes nothing from %s', (_, text) => {
    expect(layoutFromJson(text)).toBeUndefined();
  });
});
