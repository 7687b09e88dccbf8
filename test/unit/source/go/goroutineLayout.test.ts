import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  callerIn,
  GOROUTINE,
  type GoroutineBytes,
  goroutineLayout,
  SCANNING,
  Status,
  statusOf,
} from '../../../../src/source/go/goroutineLayout';

/** Offsets of `runtime.g`, amd64: status stands before the number. */
const VERSIONS = [
  ['Go 1.16 to 1.22', { sched: 56, id: 152 }],
  ['Go 1.23 and 1.24', { sched: 56, id: 160 }],
  ['one to come', { sched: 64, id: 176 }],
] as const;

const CODE = 0x40_1000;

function goroutine(
  index: number,
  { sched, id }: { readonly sched: number; readonly id: number },
  status: number = Status.waiting,
): GoroutineBytes {
  const address = 0xc0_0000_0000 + index * 448;
  const stack = 0xc0_0010_0000 + index * 0x2000;
  const data = Buffer.alloc(GOROUTINE);
  const put = (at: number, value: number) => data.writeBigUInt64LE(BigInt(value), at);
  put(0, stack);
  put(8, stack + 0x2000);
  put(sched, stack + 0x1f00);
  put(sched + 8, CODE);
  put(sched + 16, address);
  data.writeUInt32LE(status, id - 8);
  put(id, status === Status.dead ? 0 : index + 1);
  // When it began to wait.
  put(id + 16, 5_000_000_000 + index);
  data[id + 24] = 2;
  return { address, data };
}

describe.each(VERSIONS)('the layout of %s', (_, offsets) => {
  const some = [0, 1, 2, 3, 4].map((index) => goroutine(index, offsets));

  it('is known by what must be true of all', () => {
    expect(goroutineLayout(some)).toEqual({
      sched: offsets.sched,
      m: offsets.sched - 8,
      status: offsets.id - 8,
      id: offsets.id,
      reason: offsets.id + 24,
    });
  });

  it('is known with dead ones and ones that are being looked at among them', () => {
    const mixed = [...some, goroutine(5, offsets, Status.dead), goroutine(6, offsets, Status.dead)];
    mixed.push(goroutine(7, offsets, Status.waiting + SCANNING));
    expect(goroutineLayout(mixed)?.id).toBe(offsets.id);
  });

  it('is not taken from what is none of it', () => {
    expect(goroutineLayout([])).toBeUndefined();
    expect(goroutineLayout(some.slice(1))).toBeUndefined();
    expect(goroutineLayout([...some, goroutine(0, offsets)])).toBeUndefined();
    const [main] = some;
    const elsewhere = some.map(({ data, address }) => ({ data, address: address + 16 }));
    expect(main && goroutineLayout(elsewhere)).toBeUndefined();
    const odd = goroutine(5, offsets, 77);
    expect(goroutineLayout([...some, odd])).toBeUndefined();
  });

  it('leads to where one in a system call was called from', () => {
    const one = goroutine(1, offsets, Status.syscall);
    const stack = Number(one.data.readBigUInt64LE(0));
    const layout = goroutineLayout(some);
    if (!layout) throw new Error('no layout');
    const isCode = (pc: number): boolean => pc === CODE + 77;
    expect(callerIn(one.data, layout, isCode)).toBeUndefined();
    one.data.writeBigUInt64LE(BigInt(stack + 0x1000), layout.status - 32);
    one.data.writeBigUInt64LE(BigInt(CODE + 77), layout.status - 24);
    expect(callerIn(one.data, layout, isCode)).toEqual({ sp: stack + 0x1000, pc: CODE + 77 });
  });
});

it('a status is told apart from the mark of the collector, and from no memory', () => {
  const data = Buffer.alloc(8);
  data.writeUInt32LE(Status.waiting + SCANNING, 0);
  expect(statusOf(data, 0)).toBe(Status.waiting);
  expect(statusOf(data, 6)).toBe(Status.dead);
});

it('anything is read without complaint', () => {
  const offsets = VERSIONS[0][1];
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(4), fc.nat(GOROUTINE - 1), fc.nat(255)), { maxLength: 20 }),
      fc.nat(GOROUTINE),
      (changes, length) => {
        const some = [0, 1, 2, 3, 4].map((index) => goroutine(index, offsets));
        for (const [index, at, byte] of changes) {
          const data = some[index]?.data;
          if (data) data[at] = byte;
        }
        const cut = some.map(({ address, data }) => ({ address, data: data.subarray(0, length) }));
        const layout = goroutineLayout(cut);
        if (layout) expect(layout.id).toBeGreaterThan(layout.sched);
      },
    ),
    { numRuns: 1000 },
  );
});
