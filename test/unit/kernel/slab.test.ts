import { describe, expect, it } from 'vitest';
import { walkKernel } from '../../../src/kernel/walk';
import type { KernelWalk } from '../../../src/kernel/walked';
import { FakeProcess } from './fakeProcess';
import { type Kernel, layoutOf } from './layouts';

const ZONES = `Node 0, zone      DMA
        spanned  4095
  start_pfn:           1
Node 0, zone   Normal
        spanned  1000000
  start_pfn:           4096
Node 0, zone  Movable
        spanned  0
  start_pfn:           0
`;
const PAGE = 4096n;
/** Frame of the first page of the fake kernel's memory, which its descriptions are laid out from. */
const FRAMES = 8192n;

/** A process whose task lies in a slab, and the caches that leads to; how the ring's page is described. */
function inSlab(kernel: Kernel): {
  readonly process: FakeProcess;
  readonly ring: bigint;
  readonly pages: bigint;
  readonly direct: bigint;
} {
  const process = new FakeProcess(layoutOf(kernel));
  const ring = process.ring(3);
  const { page } = process.layout.sizes;
  const direct = process.leader - (process.leader % PAGE) - 100n * PAGE;
  // The description of frame 0 lies where the array, aligned as the kernel's, has frame 100 within this memory.
  const area = process.kernel.allocate(Number(FRAMES) * 2);
  const pages = area - 100n * BigInt(page) + BigInt(page);
  const cache = (objectSize: number, order: number, name: string): bigint => {
    const address = process.kernel.allocate(process.layout.sizes.cache);
    const text = process.kernel.allocate(64);
    process.kernel.text(text, name);
    process.set(address, 'cacheObjectSize', objectSize);
    process.set(address, 'cacheOrder', order << 16);
    process.set(address, 'cacheName', text);
    return address;
  };
  const tasks = cache(Number(process.leader % PAGE) || 64, 5, 'task_struct');
  const requests = cache(256, 0, 'io_kiocb');
  process.circle(tasks + process.offset('cacheList'));
  process.append(tasks + process.offset('cacheList'), requests + process.offset('cacheList'));
  process.kernel.write(pages + 100n * BigInt(page) + process.offset('slabCache'), tasks, 8);
  return { process, ring, pages, direct };
}

async function search(process: FakeProcess, progress?: (fraction: number) => void): Promise<KernelWalk> {
  return walkKernel(process.target(), {
    pid: 4242,
    ringFds: [3],
    layout: process.layout,
    search: progress ? { progress } : {},
  });
}

/** Symbols that tell where both arrays begin. */
function tell({ process, pages, direct }: ReturnType<typeof inSlab>): void {
  const words = process.kernel.allocate(16);
  process.kernel.write(words, pages, 8);
  process.kernel.write(words + 8n, direct, 8);
  process.texts['/proc/zoneinfo'] = ZONES;
  process.texts['/proc/kallsyms'] =
    `ffffffff81000000 T _text\n${words.toString(16)} D vmemmap_base\n${(words + 8n).toString(16)} D page_offset_base\n`;
}

describe.each(['6.1', '6.12', '6.18', '7.2'] as const)('the search of the slabs on %s', (kernel) => {
  it('finds what is neither free nor on a list', async () => {
    const scene = inSlab(kernel);
    const { process, ring } = scene;
    tell(scene);
    const inside = process.request(ring, { opcode: 'WRITE', userData: 1 });
    const free = process.request(ring, { userData: 2 });
    process.push(ring + process.offset('ringFree'), free + process.offset('requestFreeNode'));
    const polled = process.request(ring, { userData: 3 });
    process.poll(ring, polled);
    // Freed with a ring that lay in the same place.
    const stale = process.request(ring, { opcode: 'WRITE', userData: 5 }, process.task(77, 76));
    const allocated = process.place('ringAllocated');
    if (allocated) process.kernel.write(ring + BigInt(allocated[0]), 3, 4);
    const notification = process.request(ring, { opcode: 'NOP', userData: 4 });
    const { request: length } = process.layout.sizes;
    process.kernel.objects = [inside, free, polled, notification, stale].map((address) => ({
      address,
      data: process.kernel.bytes(address, length) ?? Buffer.alloc(0),
    }));
    const fractions: number[] = [];
    const found = await search(process, (fraction) => fractions.push(fraction));
    expect(found.trouble).toEqual([]);
    const rows = found.rings[0]?.requests.map(
      ({ userData, operation, state }) => `${userData} ${operation} ${state}`,
    );
    expect(rows?.sort()).toEqual(['0x1 WRITE issued', '0x3 READ polling', '0x4 SEND_ZC issued']);
    expect(found.rings[0]?.unexplained ?? 0).toBe(0);
    const searched = found.rings[0]?.requests.find(({ userData }) => userData === '0x1');
    expect(searched?.certainty).toBe(process.place('ringAllocated') ? 'certain' : 'inferred');
    expect(fractions.at(-1)).toBe(1);
    const [first] = process.kernel.scanned;
    expect(first).toMatchObject({ objectSize: 256, slabSize: 4096, match: ring, direct: scene.direct });
    const frames = process.kernel.scanned.map(({ first, count }) => first + count);
    expect(Math.max(...frames)).toBe(1_004_096);
  });
});

describe('the search of the slabs', () => {
  it('learns from a known request which cache it is, for that may have another name', async () => {
    const scene = inSlab('6.1');
    const { process, ring, pages, direct } = scene;
    tell(scene);
    const known = process.request(ring, { userData: 1 });
    process.poll(ring, known);
    const merged = process.kernel.allocate(process.layout.sizes.cache);
    const within = Number(known % PAGE);
    process.set(merged, 'cacheObjectSize', within || 4096);
    process.set(merged, 'cacheOrder', 0);
    const frame = (known - direct) / PAGE;
    const page = pages + frame * BigInt(process.layout.sizes.page);
    process.kernel.write(page + process.offset('slabCache'), merged, 8);
    await search(process);
    expect(process.kernel.scanned[0]).toMatchObject({ cache: merged, objectSize: within || 4096 });
  });

  it('is not made where the lists explain everything', async () => {
    const scene = inSlab('6.18');
    tell(scene);
    scene.process.poll(scene.ring, scene.process.request(scene.ring, { userData: 1 }));
    expect((await search(scene.process)).consistent).toBe(true);
    expect(scene.process.kernel.scanned).toEqual([]);
  });

  it('does not take an object that has changed since', async () => {
    const scene = inSlab('6.18');
    const { process, ring } = scene;
    tell(scene);
    const request = process.request(ring, { userData: 1 });
    process.kernel.objects = [
      {
        address: request,
        data: process.kernel.bytes(request, process.layout.sizes.request) ?? Buffer.alloc(0),
      },
    ];
    process.set(request, 'requestUserData', 99);
    const found = await search(process);
    expect(found.rings[0]).toMatchObject({ requests: [], unexplained: 1 });
  });

  it.each([
    ['where the memory is', () => undefined],
    [
      'that its symbols are hidden',
      () => '0000000000000000 D vmemmap_base\n0000000000000000 D page_offset_base\n',
    ],
    ['something wrong', () => 'ffff888000100000 D vmemmap_base\nffff888000100000 D page_offset_base\n'],
  ])('says so where the kernel tells %s', async (_, symbols) => {
    const scene = inSlab('6.18');
    scene.process.request(scene.ring, { userData: 1 });
    scene.process.texts['/proc/zoneinfo'] = ZONES;
    const text = symbols();
    if (text !== undefined) scene.process.texts['/proc/kallsyms'] = text;
    const found = await search(scene.process);
    expect(found.trouble).toEqual([
      {
        what: 'requests inside a device or file system, one by one',
        why: 'the kernel does not tell where its memory is',
      },
    ]);
    expect(found.rings[0]).toMatchObject({ unexplained: 1 });
    expect(scene.process.kernel.scanned).toEqual([]);
  });

  it('says that before 5.16 free requests cannot be told', async () => {
    const process = new FakeProcess(layoutOf('5.10'));
    process.ring(3);
    expect((await search(process)).trouble[0]?.why).toContain('before 5.16');
  });
});
