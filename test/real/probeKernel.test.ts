import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { spawnProbe } from '../../src/target/local';
import { connectProbe } from '../../src/target/probeTarget';
import { kernelMemoryUnderTest } from './support/kernelMemory';
import { list, stepsToTask, words } from './support/lender';
import { childrenOf, outcomes, testProbe } from './support/probe';
import { skipUnless } from './support/rights';

const under = kernelMemoryUnderTest();
const { memory, offset } = under;

/** Text up to its NUL. */
const text = (data: Buffer): string => data.toString('latin1', 0, data.indexOf(0));

describe('the way to a process', () => {
  it('starts at the reading task', async (context) => {
    skipUnless(context, 'kernelMemory');
    const last = offset('task_struct', 'comm');
    const [comm, tgid] = await Promise.all([
      under.target.kernel.find(process.pid, { steps: [], last, length: 16 }),
      under.target.kernel.find(process.pid, { steps: [], last: offset('task_struct', 'tgid'), length: 4 }),
    ]);
    expect(comm.ok && text(comm.data)).toBe('io-uring-probe');
    expect(childrenOf(under.target.hello.pid)).toContain(tgid.ok && tgid.data.readInt32LE(0));
  });

  it('leads through the descriptor that stands for it', async (context) => {
    skipUnless(context, 'kernelMemory', 'pidfs');
    const last = offset('task_struct', 'pid') - offset('task_struct', 'pid_links');
    const pid = await under.target.kernel.find(process.pid, {
      steps: stepsToTask(under.btf),
      last,
      length: 4,
    });
    expect(pid.ok && pid.data.readInt32LE(0)).toBe(process.pid);
    const { kernel } = under.target;
    const init = await kernel.find(1, { steps: stepsToTask(under.btf), last, length: 4 });
    expect(init.ok && init.data.readInt32LE(0)).toBe(1);
  });

  it('is not there for a pid that no process has', async (context) => {
    skipUnless(context, 'kernelMemory');
    const thread = readdirSync('/proc/self/task')
      .map(Number)
      .find((tid) => tid !== process.pid);
    for (const pid of [999_999_999, 0, 0xffffffff, thread ?? 0]) {
      const found = await under.target.kernel.find(pid, { steps: [], last: 0, length: 8 });
      expect(found).toEqual({ ok: false, errno: 'ESRCH' });
    }
  });

  it('leaves no descriptor behind', async (context) => {
    skipUnless(context, 'kernelMemory', 'pidfs');
    const held = () => childrenOf(under.target.hello.pid).map((pid) => readdirSync(`/proc/${pid}/fd`).length);
    const way = { steps: stepsToTask(under.btf), last: 0, length: 0 };
    await under.target.kernel.find(process.pid, way);
    const before = held();
    await Promise.all(Array.from({ length: 50 }, () => under.target.kernel.find(process.pid, way)));
    expect(held()).toEqual(before);
  });
});

describe('ranges and ways', () => {
  it('give what stands there, a megabyte as well as a byte', async (context) => {
    const lent = await memory(context);
    const bytes = Buffer.from(Array.from({ length: 1 << 20 }, (_, i) => (i * 2_654_435_761) >>> 13));
    await lent.put(4096, bytes);
    const address = lent.address + 4096n;
    const results = await under.target.kernel.read(
      [
        { address, length: bytes.length },
        { address: address + 1n, length: bytes.length - 1 },
        { address: address + 65_535n, length: 1 },
        { address, length: 0 },
      ],
      { limit: 2 << 20 },
    );
    const data = results.map((result) => (result.ok && !result.truncated ? result.data : undefined));
    expect(data[0]?.equals(bytes)).toBe(true);
    expect(data[1]?.equals(bytes.subarray(1))).toBe(true);
    expect(data.slice(2)).toEqual([bytes.subarray(65_535, 65_536), Buffer.alloc(0)]);
    const [cut] = await under.target.kernel.read([{ address, length: 4096 }], { limit: 100 });
    expect(cut).toEqual({ ok: true, data: bytes.subarray(0, 100), truncated: true });
  });

  it('end where nothing is mapped', async (context) => {
    const lent = await memory(context);
    const end = lent.address + (4n << 20n);
    const range = { address: end - 5000n, length: 1 << 20 };
    const [partly] = await under.target.kernel.read([range], { limit: 2 << 20 });
    // Behind a vmalloc area there is a page that is never mapped.
    expect(partly?.ok && partly.truncated && partly.data.length).toBe(5000);
    const way = { from: end - 8n, steps: [], last: 0, length: 9 };
    expect(outcomes(await under.target.kernel.chase([way, { ...way, length: 8 }]))).toEqual(['EFAULT', 'ok']);
  });

  it('load one pointer after the other', async (context) => {
    const lent = await memory(context);
    const at = (index: number) => lent.address + BigInt(8 * index);
    await lent.put(0, words(at(10), 0, 77, 0, at(5), 0, 0, 0, at(4), 99));
    const ways = [
      { from: at(0), steps: [0, -16, 0], last: 8, length: 8 },
      { from: at(1), steps: [-8], last: -64, length: 8 },
      { from: at(3), steps: [], last: 5, length: 0 },
      { from: at(0), steps: [8, 0], last: 0, length: 0 },
    ];
    const results = await under.target.kernel.chase(ways);
    expect(results).toEqual([
      { ok: true, address: at(6), data: words(0) },
      { ok: true, address: at(2), data: words(77) },
      { ok: true, address: at(3) + 5n, data: Buffer.alloc(0) },
      { ok: false, errno: 'EFAULT' },
    ]);
    const small = await under.target.kernel.chase(ways.slice(0, 1), { limit: 15 });
    expect(outcomes(small)).toEqual(['EOVERFLOW']);
  });

  it.for([
    ['a null pointer', 0n],
    ["a program's memory", 0x400000n],
    ['an address that no processor has', 0x8000_0000_0000_0000n],
    ['the last page', 0xffff_ffff_ffff_f000n],
    ['the end of all memory', 0xffff_ffff_ffff_fffcn],
  ] as const)('refuse %s, and go on', async ([, address], context) => {
    skipUnless(context, 'kernelMemory');
    const { kernel } = under.target;
    const [ranges, ways, chains] = await Promise.all([
      kernel.read([{ address, length: 8 }]),
      kernel.chase([{ from: address, steps: [0], last: 0, length: 8 }]),
      kernel.chains([{ ...list, head: address }]),
    ]);
    expect(outcomes([...ranges, ...ways, ...chains])).toEqual(['EFAULT', 'EFAULT', 'EFAULT']);
    const [maps] = await under.target.read([`/proc/${process.pid}/maps`]);
    expect(maps?.ok).toBe(true);
  });

  it('refuse the memory of the asking program itself', async (context) => {
    skipUnless(context, 'kernelMemory');
    const maps = readFileSync(`/proc/${childrenOf(under.target.hello.pid)[0]}/maps`, 'utf8');
    const [, start = ''] = /^(\w+)-/.exec(maps) ?? [];
    const own = { address: BigInt(`0x${start}`), length: 8 };
    expect(outcomes(await under.target.kernel.read([own]))).toEqual(['EFAULT']);
  });
});

describe("without the kernel's memory", () => {
  it('the rest is read all the same', async (context) => {
    const path = await testProbe();
    const without = await connectProbe(spawnProbe(path, undefined, ['--no-kernel-memory']), 'without');
    context.onTestFinished(() => without.dispose());
    const { kernel } = without;
    const [found, ranges, version] = await Promise.all([
      kernel.find(process.pid, { steps: [], last: 0, length: 8 }),
      kernel.read([{ address: 0xffff_ffff_8100_0000n, length: 8 }]),
      without.read(['/proc/version', '/proc/kallsyms']),
    ]);
    expect(outcomes([found, ...ranges])).toEqual(['EOPNOTSUPP', 'EOPNOTSUPP']);
    expect(outcomes(version)).toEqual(['ok', 'EPERM']);
  });
});
