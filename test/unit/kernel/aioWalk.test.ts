import { describe, expect, it } from 'vitest';
import { type AioWalk, walkAio } from '../../../src/kernel/aioWalk';
import type { OptionalPlace } from '../../../src/kernel/places';
import { FakeProcess } from './fakeProcess';
import { KERNELS, type Kernel, layoutOf } from './layouts';

const EVENTS = 127;
const FAR = 1n << 20n;

/** A process whose contexts' reserves lie with two processors; the kernel's types or its symbols lead there. */
class AioProcess extends FakeProcess {
  private readonly contexts: bigint;
  private readonly areas: readonly bigint[];
  /** Of a variable in the first processor's memory. */
  private readonly start: bigint;
  private count = 0;

  constructor(kernel: Kernel) {
    super(layoutOf(kernel));
    const memory = this.kernel.allocate(4096);
    this.set(this.leader, 'taskMemory', memory);
    this.contexts = this.kernel.allocate(256);
    this.set(memory, 'aioTable', this.contexts);
    this.set(this.contexts, 'aioTableSize', 4);
    const { runQueue, offset } = this.layout.perProcessor;
    this.areas = [0, 1].map(() => this.kernel.allocate(Number(FAR)));
    this.start = this.areas[0] ?? 0n;
    const [first = 0n] = this.areas;
    const array = this.kernel.allocate(64);
    const group = this.kernel.allocate(4096);
    this.set(this.leader, 'taskGroup', group);
    this.set(group, 'groupQueues', array);
    for (const [processor, area] of this.areas.entries()) {
      const away = area - first;
      if (runQueue === undefined || offset === undefined) {
        this.kernel.write(array + BigInt(8 * processor), away, 8);
        continue;
      }
      const queue = area + BigInt(runQueue);
      const list = this.kernel.allocate(2048);
      this.kernel.write(array + BigInt(8 * processor), list, 8);
      this.set(list, 'queueProcessor', queue);
      this.set(queue, 'processorNumber', processor);
      this.kernel.write(area + BigInt(offset), away, 8);
    }
    this.texts['/sys/devices/system/cpu/possible'] = '0-1\n';
    this.texts['/proc/kallsyms'] = `${array.toString(16)} R __per_cpu_offset\n`;
  }

  context(address: bigint, free: number, reserves: readonly [number, number], completed: number): bigint {
    const context = this.kernel.allocate(this.layout.sizes.aioContext);
    const reserve = this.start + FAR - 4096n + BigInt(64 * this.count);
    this.kernel.write(this.contexts + this.offset('aioTableSlots') + BigInt(8 * this.count++), context, 8);
    for (const [index, count] of reserves.entries()) this.reserve(reserve, index, count);
    const fields: Readonly<Partial<Record<OptionalPlace, bigint | number>>> = {
      aioAddress: address,
      aioCounters: reserve,
      aioAsked: 8,
      aioEvents: EVENTS,
      aioAvailable: free,
      aioCompleted: completed,
      aioTail: 7,
    };
    for (const [name, value] of Object.entries(fields)) this.set(context, name as OptionalPlace, value);
    this.circle(context + this.offset('aioCancellable'));
    return context;
  }

  private reserve(at: bigint, processor: number, count: number): void {
    const [first = 0n] = this.areas;
    this.kernel.write(at + (this.areas[processor] ?? 0n) - first, count, 4);
  }

  arm(context: bigint, file: bigint, iocb: number): void {
    const request = this.kernel.allocate(this.layout.sizes.aioRequest);
    this.set(request, 'aioRequestFile', file);
    this.set(request, 'aioRequestContext', context);
    this.set(request, 'aioRequestIocb', iocb);
    this.set(request, 'aioRequestData', 0x1001);
    this.append(context + this.offset('aioCancellable'), request + this.offset('aioRequestNode'));
  }

  walk(): Promise<AioWalk | undefined> {
    return walkAio(this.target(), { pid: 4242, layout: this.layout });
  }
}

describe.each(KERNELS)('the walk of Linux AIO on %s', (kernel) => {
  it('counts what is pending: slots that are neither free, in reserve nor completed', async () => {
    const process = new AioProcess(kernel);
    const file = process.file(5);
    const context = process.context(0x7f0000000000n, 90, [12, 8], 5);
    process.context(0x7f0000010000n, 126, [0, 0], 0);
    process.arm(context, file, 0x5000);

    expect(await process.walk()).toEqual({
      contexts: [
        {
          address: 0x7f0000000000n,
          asked: 8,
          events: EVENTS,
          tail: 7,
          pending: 11,
          requests: [{ iocb: 0x5000n, data: 0x1001n, fds: [5], position: 0, armed: true }],
          complete: false,
        },
        expect.objectContaining({ address: 0x7f0000010000n, pending: 0, requests: [], complete: true }),
      ],
      trouble: [],
    });
  });

  it('leaves out what is being destroyed, and counts that cannot be', async () => {
    const process = new AioProcess(kernel);
    const dying = process.context(0x1000n, 126, [0, 0], 0);
    process.set(dying, 'aioDead', 1);
    process.context(0x2000n, 126, [5, 0], 0);
    const found = await process.walk();
    expect(found?.contexts).toHaveLength(1);
    expect(found?.contexts[0]).toMatchObject({ address: 0x2000n });
    expect(found?.contexts[0]).not.toHaveProperty('pending');
  });

  it('gives no count of what changes at every look', async () => {
    const process = new AioProcess(kernel);
    const context = process.context(0x1000n, 100, [0, 0], 0);
    process.kernel.before = (question) => process.set(context, 'aioAvailable', 50 + (question % 50));
    expect((await process.walk())?.contexts[0]).not.toHaveProperty('pending');
  });

  it('finds none in a process that never had one, and nothing where none may be read', async () => {
    const process = new FakeProcess(layoutOf(kernel));
    process.set(process.leader, 'taskMemory', process.kernel.allocate(4096));
    const asked = { pid: 4242, layout: process.layout };
    expect(await walkAio(process.target(), asked)).toEqual({ contexts: [], trouble: [] });
    process.kernel.refuses = 'EPERM';
    expect(await walkAio(process.target(), asked)).toBeUndefined();
  });
});

it('says nothing where the table cannot be read, or the kernel’s types do not tell of it', async () => {
  const process = new AioProcess('6.18');
  process.context(0x1000n, 126, [0, 0], 0);
  const { aioTable: _, ...optional } = process.layout.optional;
  const layout = { ...process.layout, optional };
  expect(await walkAio(process.target(), { pid: 4242, layout })).toBeUndefined();
  const memory = process.kernel.pointer(process.leader + process.offset('taskMemory'));
  process.set(memory, 'aioTable', 0x1000n);
  expect(await process.walk()).toBeUndefined();
});

it('says nothing of a process that is not the one /proc has by that pid', async () => {
  const process = new AioProcess('6.18');
  process.context(0x1000n, 126, [0, 0], 0);
  const asked = { pid: 4242, layout: process.layout };
  expect(await walkAio(process.target(), asked)).toBeDefined();
  expect(await walkAio({ ...process.target(), foreignPids: true }, asked)).toBeUndefined();
  process.number(process.leader, [5000, 0xffff888000000100n], [4242, 0xffff888000000200n]);
  process.texts['/proc/4242/status'] = 'NSpid:\t4242\t3\n';
  expect(await walkAio(process.target(), asked)).toBeUndefined();
});

it('counts nothing where the processors’ own memory is not where it ought to be', async () => {
  const process = new AioProcess('6.18');
  process.context(0x1000n, 100, [0, 0], 0);
  process.texts['/sys/devices/system/cpu/possible'] = '0-2\n';
  process.texts['/proc/kallsyms'] = '';
  expect((await process.walk())?.contexts[0]).not.toHaveProperty('pending');
});
