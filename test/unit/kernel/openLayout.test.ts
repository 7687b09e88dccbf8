import { describe, expect, it } from 'vitest';
import { layoutToJson } from '../../../src/kernel/layout';
import { buildId, type LayoutCache, openLayout } from '../../../src/kernel/openLayout';
import type { Target } from '../../../src/target/target';
import { FakeProcess } from './fakeProcess';
import { layoutOf, typesOf } from './layouts';

const NOTES = Buffer.from('040000000400000003000000474e5500deadbeef', 'hex');
const layout = layoutOf('6.18');

class MemoryCache implements LayoutCache {
  readonly kept = new Map<string, string>();
  async load(key: string): Promise<string | undefined> {
    return this.kept.get(key);
  }
  async save(key: string, text: string): Promise<void> {
    this.kept.set(key, text);
  }
}

/** A target with these files; `reads` collects the names that are asked for. */
function target(
  files: Readonly<Record<string, Buffer>>,
  reads: string[] = [],
  more: Partial<Target> = {},
): Target {
  return new FakeProcess(layout).target({
    read: async (paths) => {
      reads.push(...paths);
      return paths.map((path) => {
        const data = files[path];
        return data ? { ok: true, data, truncated: false } : { ok: false, errno: 'ENOENT' };
      });
    },
    ...more,
  });
}

const FILES = { '/sys/kernel/btf/vmlinux': typesOf('6.18'), '/sys/kernel/notes': NOTES };

describe('openLayout', () => {
  it('reads the types once for each build of the kernel', async () => {
    const cache = new MemoryCache();
    const first: string[] = [];
    expect(await openLayout(target(FILES, first), cache)).toEqual({ ok: true, layout });
    expect(first).toContain('/sys/kernel/btf/vmlinux');
    expect([...cache.kept.keys()]).toEqual(['build-id deadbeef']);
    const second: string[] = [];
    expect(await openLayout(target(FILES, second), cache)).toEqual({ ok: true, layout });
    expect(second).not.toContain('/sys/kernel/btf/vmlinux');
    const other = {
      ...FILES,
      '/sys/kernel/notes': Buffer.alloc(0),
      '/proc/version': Buffer.from('Linux 7\n'),
    };
    await openLayout(target(other), cache);
    expect([...cache.kept.keys()]).toEqual(['build-id deadbeef', 'version Linux 7']);
  });

  it('takes nothing bad from the cache', async () => {
    const cache = new MemoryCache();
    cache.kept.set('build-id deadbeef', '{"version":1,"needed":{}}');
    expect(await openLayout(target(FILES), cache)).toEqual({ ok: true, layout });
    expect(cache.kept.get('build-id deadbeef')).toBe(layoutToJson(layout));
  });

  it('does without a cache, and without a name for the kernel', async () => {
    const types = { '/sys/kernel/btf/vmlinux': FILES['/sys/kernel/btf/vmlinux'] };
    expect(await openLayout(target(types))).toEqual({ ok: true, layout });
    const cache = new MemoryCache();
    expect(await openLayout(target(types), cache)).toEqual({ ok: true, layout });
    expect(cache.kept.size).toBe(0);
  });

  async function why(of: Target): Promise<string> {
    const opened = await openLayout(of);
    if (opened.ok) throw new Error('it was opened');
    expect(opened.blindness.what).toBe('requests inside the kernel, one by one');
    return opened.blindness.why;
  }

  it('says what is in the way of it', async () => {
    expect(await why(target({}))).toContain('/sys/kernel/btf/vmlinux is missing');
    expect(
      await why(target({ '/sys/kernel/btf/vmlinux': Buffer.from('no types, but long enough') })),
    ).toContain('BTF');
    const { kernel: _, ...captured } = target(FILES);
    expect(await why(captured)).toBe('a test has no kernel memory that could be read');
    const changed = Buffer.from(typesOf('6.18'));
    changed.write('tasc_struct', changed.indexOf('\0task_struct\0') + 1);
    expect(await why(target({ '/sys/kernel/btf/vmlinux': changed }))).toContain('task_struct.pid');
  });

  it.each([
    ['EPERM', 0n, /^needs CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN$/],
    ['EPERM', 1n << 39n, /^needs CAP_BPF/],
    ['EPERM', 1n << 21n, /lockdown=confidentiality/],
    ['EPERM', (1n << 39n) | (1n << 38n), /lockdown=confidentiality/],
    ['EOPNOTSUPP', 1n << 21n, /switched off/],
    ['ENOSYS', 1n << 21n, /5\.14/],
    ['EIO', 1n << 21n, /EIO/],
  ] as const)('says why: %s with capabilities %s', async (errno, capabilities, expected) => {
    const process = new FakeProcess(layout);
    process.kernel.refuses = errno;
    const reads: string[] = [];
    const refusing = target(FILES, reads, { kernel: process.kernel, rights: { uid: 0, capabilities } });
    expect(await why(refusing)).toMatch(expected);
    expect(reads).toEqual([]);
  });
});

describe('buildId', () => {
  it('is found behind other notes, and only whole', () => {
    const other = Buffer.from('06000000010000000001000058656e0000000000ff000000', 'hex');
    expect(buildId(Buffer.concat([other, NOTES]))).toBe('deadbeef');
    expect(buildId(NOTES.subarray(0, 18))).toBeUndefined();
    expect(buildId(Buffer.from('ffffffffffffffff03000000474e5500', 'hex'))).toBeUndefined();
    expect(buildId(Buffer.alloc(3))).toBeUndefined();
  });
});
