import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseFdinfo } from '../../../src/procfs/fdinfo';
import { parseIoUringFdinfo } from '../../../src/procfs/ioUringFdinfo';
import { ringMappings } from '../../../src/procfs/maps';
import { hasOwnInode } from '../../../src/sample/host';
import { type RingDescriptor, type RingMemory, readRingMemory } from '../../../src/sample/ringMemory';
import { openDirectory } from '../../../src/target/directory';
import type { Target } from '../../../src/target/target';
import { readTree, unpackTree } from '../../golden/tree';

export const CASES = join(__dirname, '../../golden/cases');

/** The rings of a process as its files describe them, with their memory. */
export async function ringsOf(target: Target, pid: number, release: string): Promise<RingMemory[]> {
  const [listing] = await target.list([`/proc/${pid}/fd`], { links: true });
  const [maps] = await target.read([`/proc/${pid}/maps`]);
  const fds = (listing?.ok ? listing.entries : [])
    .filter(({ link }) => link === 'anon_inode:[io_uring]')
    .map(({ name }) => Number(name))
    .sort((a, b) => a - b);
  const infos = await target.read(fds.map((fd) => `/proc/${pid}/fdinfo/${fd}`));
  const descriptors = fds.map((fd, index): RingDescriptor => {
    const result = infos[index];
    const text = result?.ok ? result.data.toString() : '';
    const { counters, overflow } = parseIoUringFdinfo(text);
    const inode = parseFdinfo(text).inode;
    return {
      fd,
      overflowed: overflow,
      ...(inode === undefined ? {} : { inode }),
      ...(counters ? { counters } : {}),
      ...(counters?.cachedSqHead === undefined ? {} : { cachedSqHead: counters.cachedSqHead }),
    };
  });
  const mappings = ringMappings(maps?.ok ? maps.data.toString() : '');
  return readRingMemory(target, { pid, mappings, descriptors, ownInode: hasOwnInode(release) });
}

/** The rings of a recorded case, of all its processes. */
export async function ringsOfCase(name: string): Promise<RingMemory[]> {
  const folder = mkdtempSync(join(tmpdir(), 'ring-case-'));
  try {
    const files = readTree(readFileSync(join(CASES, name, 'tree.txt'), 'utf8'));
    unpackTree(files, folder);
    const meta = files.find(({ path }) => path === 'meta')?.content.toString() ?? '';
    const pids = (/^pids: (.*)$/m.exec(meta)?.[1] ?? '').split(' ').map(Number);
    const release = /^kernel: (.*)$/m.exec(meta)?.[1] ?? '';
    const rings = await Promise.all(pids.map((pid) => ringsOf(openDirectory(folder), pid, release)));
    return rings.flat();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
