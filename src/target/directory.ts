import { constants, type Dirent, lstatSync, readFileSync } from 'node:fs';
import { lstat, open, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../model/errors';
import type {
  Failure,
  LinkResult,
  ListEntry,
  ListResult,
  MemoryRange,
  MemoryResult,
  ReadResult,
} from '../probe/protocol';
import type { ListOptions, ReadOptions, Target, TargetRights } from './target';

const DEFAULT_LIMIT = 1 << 20;
/** Files read at a time. */
const AT_A_TIME = 32;

/** The recorded files speak for themselves: nothing is withheld from whoever may read the tree. */
const ALL_RIGHTS: TargetRights = { uid: 0, capabilities: (1n << 41n) - 1n };

/**
 * A captured tree: `DIR/proc/…`, `DIR/sys/…`, and the same a moment later below `DIR/later`. Throws a
 * UserError when DIR holds no such tree. Symbolic links in it are texts and never followed.
 */
export function openDirectory(dir: string): Target {
  if (!isDirectory(join(dir, 'proc'))) {
    throw new UserError(
      'not-a-capture',
      `${dir} is not a captured tree.`,
      'There is no folder "proc" in it that can be read.',
      'Give the folder that holds the recorded "proc" and "sys".',
    );
  }
  const meta = readSmall(join(dir, 'meta'));
  const arch = archOf(meta, readSmall(join(dir, 'proc/version')));
  return new DirectoryTarget(dir, `capture ${dir}`, arch, recordedTime(meta));
}

class DirectoryTarget implements Target {
  readonly frozen = true;
  readonly rights = ALL_RIGHTS;
  readonly takenAt?: Date;
  /** Why the recorder could not read a file, by its path. */
  private readonly errors: ReadonlyMap<string, string>;
  /** Whether a folder of the tree can be entered: undefined = yes, otherwise the errno. */
  private readonly folders = new Map<string, Promise<string | undefined>>();
  private next: Target | undefined;

  constructor(
    private readonly dir: string,
    readonly label: string,
    readonly arch: string,
    takenAt: Date | undefined,
  ) {
    this.errors = recordedErrors(readSmall(join(dir, 'errors')));
    if (takenAt) this.takenAt = takenAt;
  }

  read(paths: readonly string[], options?: ReadOptions): Promise<ReadResult[]> {
    return inTurns(paths, (path) => this.answer(path, (file) => readPart(file, 0, limitOf(options))));
  }

  list(paths: readonly string[], options?: ListOptions): Promise<ListResult[]> {
    const only = options?.only && new Set(options.only);
    const links = options?.links === true || only !== undefined;
    return inTurns(paths, (path) =>
      this.answer<Listing>(path, async (folder) => {
        if (!(await lstat(folder)).isDirectory()) return { ok: false, errno: 'ENOTDIR' };
        const names = await readdir(folder, { withFileTypes: true });
        const all = await inTurns(names, (name) => entryOf(folder, name, links));
        const entries = only ? all.filter(({ link }) => link !== undefined && only.has(link)) : all;
        return { ok: true, entries, truncated: false };
      }),
    );
  }

  link(paths: readonly string[]): Promise<LinkResult[]> {
    return inTurns(paths, (path) =>
      this.answer(path, async (file) => ({ ok: true, target: await readlink(file) })),
    );
  }

  /** A recorded link has no inode of its own. */
  inodes(paths: readonly string[]): Promise<(number | undefined)[]> {
    return Promise.resolve(paths.map(() => undefined));
  }

  /** Ring memory only: `proc/PID/ringmem/START-END-OFFSET` holds the bytes of one mapping. */
  async memory(pid: number, ranges: readonly MemoryRange[], options?: ReadOptions): Promise<MemoryResult[]> {
    const folder = `/proc/${pid}/ringmem`;
    const [listing] = await this.list([folder]);
    const mappings = listing?.ok ? listing.entries.flatMap(({ name }) => mappingOf(name)) : [];
    const missing: Failure = { ok: false, errno: this.errors.get(`/proc/${pid}/mem`) ?? 'EIO' };
    return inTurns(ranges, async ({ address, length }) => {
      const mapping = mappings.find(({ start, end }) => start <= address && address < end);
      if (!mapping) return missing;
      const offset = Number(address - mapping.start);
      const wanted = Math.min(length, Number(mapping.end - address));
      const limit = Math.min(wanted, limitOf(options));
      const result = await this.answer(`${folder}/${mapping.name}`, (file) => readPart(file, offset, limit));
      return result.ok ? { ...result, truncated: result.data.length < length } : result;
    });
  }

  later(): Target | undefined {
    const dir = join(this.dir, 'later');
    if (!this.next && isDirectory(dir) && isDirectory(join(dir, 'proc'))) {
      const gap = uptimeOf(dir) - uptimeOf(this.dir);
      const takenAt = this.takenAt && gap >= 0 ? new Date(this.takenAt.getTime() + gap * 1000) : undefined;
      this.next = new DirectoryTarget(dir, `${this.label}, later`, this.arch, takenAt);
    }
    return this.next;
  }

  dispose(): void {}

  /** Runs `use` on the file behind `path`, with every way out of the tree closed. */
  private async answer<T extends { readonly ok: true }>(
    path: string,
    use: (file: string) => Promise<T | Failure>,
  ): Promise<T | Failure> {
    const parts = path.split('/').slice(1);
    const [root] = parts;
    if (!path.startsWith('/') || (root !== 'proc' && root !== 'sys')) return { ok: false, errno: 'EPERM' };
    if (parts.some((part) => part === '' || part === '.' || part === '..' || /[\0\\]/.test(part))) {
      return { ok: false, errno: 'EPERM' };
    }
    const refused = await this.folder(parts.slice(0, -1));
    if (refused) return this.failure(path, refused);
    try {
      return await use(join(this.dir, ...parts));
    } catch (error) {
      return this.failure(path, (error as NodeJS.ErrnoException).code ?? 'EIO');
    }
  }

  private failure(path: string, errno: string): Failure {
    return { ok: false, errno: errno === 'ENOENT' ? (this.errors.get(path) ?? errno) : errno };
  }

  private folder(parts: readonly string[]): Promise<string | undefined> {
    if (parts.length === 0) return Promise.resolve(undefined);
    const key = parts.join('/');
    let known = this.folders.get(key);
    if (!known) {
      known = this.checkFolder(parts);
      this.folders.set(key, known);
    }
    return known;
  }

  private async checkFolder(parts: readonly string[]): Promise<string | undefined> {
    const above = await this.folder(parts.slice(0, -1));
    if (above) return above;
    try {
      const stats = await lstat(join(this.dir, ...parts));
      return stats.isDirectory() ? undefined : stats.isSymbolicLink() ? 'ELOOP' : 'ENOTDIR';
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? 'EIO';
    }
  }
}

type Listing = Extract<ListResult, { readonly ok: true }>;

function limitOf(options: ReadOptions | undefined): number {
  return options?.limit ?? DEFAULT_LIMIT;
}

/** Bytes of a regular file. A link, pipe or device in its place is refused unopened. */
async function readPart(file: string, offset: number, limit: number): Promise<ReadResult> {
  if (!(await lstat(file)).isFile()) return { ok: false, errno: 'EPERM' };
  const handle = await open(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  try {
    const { size } = await handle.stat();
    const data = Buffer.alloc(Math.max(0, Math.min(limit, size - offset)));
    let length = 0;
    while (length < data.length) {
      const { bytesRead } = await handle.read(data, length, data.length - length, offset + length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return { ok: true, data: data.subarray(0, length), truncated: size - offset > limit };
  } finally {
    await handle.close();
  }
}

async function entryOf(folder: string, entry: Dirent, links: boolean): Promise<ListEntry> {
  const { name } = entry;
  if (!links || !entry.isSymbolicLink()) return { name };
  try {
    return { name, link: await readlink(join(folder, name)) };
  } catch {
    return { name };
  }
}

interface Mapping {
  readonly name: string;
  readonly start: bigint;
  readonly end: bigint;
}

function mappingOf(name: string): Mapping[] {
  const [, start, end] = /^([0-9a-f]{1,16})-([0-9a-f]{1,16})-[0-9a-f]+$/.exec(name) ?? [];
  return start && end ? [{ name, start: BigInt(`0x${start}`), end: BigInt(`0x${end}`) }] : [];
}

/** Lines such as `/proc/113/mem ring mapping 7f9a off 0: EIO`. */
function recordedErrors(text: string): Map<string, string> {
  const errors = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, path, errno] = /^(\/\S+)\s?[^:]*: (E[A-Z0-9]+)$/.exec(line) ?? [];
    if (path && errno) errors.set(path, errno);
  }
  return errors;
}

function recordedTime(meta: string): Date | undefined {
  const [, text] = /^date: (\S+)$/m.exec(meta) ?? [];
  const date = text ? new Date(text) : undefined;
  return date && !Number.isNaN(date.getTime()) ? date : undefined;
}

/**
 * /proc does not tell the machine's name. A line `arch:` in `meta` does; else the compiler's prefix in
 * /proc/version often (`aarch64-linux-gnu-gcc-12`); else it is taken for x86_64.
 */
function archOf(meta: string, version: string): string {
  return (
    /^arch: (\w+)$/m.exec(meta)?.[1] ??
    /\b(x86_64|aarch64|riscv64|s390x)-[\w-]*linux/.exec(version)?.[1] ??
    'x86_64'
  );
}

/** Seconds since boot when the tree was recorded; NaN where it does not say. */
function uptimeOf(dir: string): number {
  return Number.parseFloat(readSmall(join(dir, 'proc/uptime')));
}

function isDirectory(path: string): boolean {
  try {
    return lstatSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** A small text file of the tree, empty when absent, larger than 1 MiB or no regular file. */
function readSmall(path: string): string {
  try {
    const stats = lstatSync(path);
    return stats.isFile() && stats.size <= DEFAULT_LIMIT ? readFileSync(path, 'utf8') : '';
  } catch {
    return '';
  }
}

/** Maps with a bounded number under way. */
async function inTurns<A, B>(items: readonly A[], work: (item: A) => Promise<B>): Promise<B[]> {
  const results: B[] = [];
  for (let at = 0; at < items.length; at += AT_A_TIME) {
    results.push(...(await Promise.all(items.slice(at, at + AT_A_TIME).map(work))));
  }
  return results;
}
