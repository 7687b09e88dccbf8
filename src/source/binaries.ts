import { printable } from '../model/printable';
import type { MountinfoRow } from '../procfs/mountinfo';
import { parseStatus } from '../procfs/status';
import type { BinaryFile } from '../target/binaries';
import type { ByteSource, Unpack } from '../target/byteSource';
import type { FetchDebugFile } from '../target/debuginfod';
import type { Demangle } from '../target/demangler';
import type { Target } from '../target/target';
import { openBinary } from '../target/targetBytes';
import { type BinaryFacts, factsOf } from './binaryFacts';
import { memoryBytes } from './bytes';
import { hasDebugInfo, type Lines, openLines } from './lines';
import { isFuse, isOfThisHost } from './localMounts';
import type { Image } from './unwind/images';

/** Where a process's binaries are looked for. */
export interface Place {
  readonly pid: number;
  /** Its /proc/PID/mountinfo. */
  readonly mounts: readonly MountinfoRow[];
}

export interface BinariesOptions {
  readonly unpack: Unpack;
  /** Names as the linker knows them stay so where it is absent. */
  readonly demangle?: Demangle;
  /** Folders of separate debug files, on the target's host; with `.build-id` in them. */
  readonly debugFolders?: readonly string[];
  /** The debug file of a build, from elsewhere; undefined where there is none. */
  readonly fetchDebugFile?: FetchDebugFile;
  /** Called when one has come of which nobody knew before, or that was left for later. Where it is absent, what is still to come is waited for. */
  readonly onArrival?: () => void;
}

export type BinaryResult =
  | {
      readonly lines: Lines;
      /** Seconds since 1970 when the file was last changed; absent for code in no file. */
      readonly modified?: number;
    }
  | {
      readonly lines?: undefined;
      readonly modified?: undefined /** Completes "symbols of /bin/x: …". */;
      readonly why: string;
    };

const VDSO = '[vdso]';
/** Binaries of processes of which facts are kept. */
const MOST_KNOWN = 4096;
/** Bytes of a perf map that are read. */
const MOST_PERF_MAP = 64 << 20;
const ON_FUSE = 'it is on a FUSE mount, and opening it there can stop the process';

interface Found {
  readonly bytes: ByteSource;
  readonly modified?: number;
}

/**
 * The binaries of a target's processes, each opened once: where a process has it mapped, whatever lies at its path by now.
 * Without the right to that, by its path, if that is on a file system of the host's own and still leads to the same file.
 */
export class Binaries {
  private readonly opened = new Map<string, Promise<BinaryResult>>();
  private readonly known = new Map<string, BinaryFacts>();
  private readonly builds = new Map<string, Lines>();

  constructor(
    private readonly target: Target,
    private readonly options: BinariesOptions,
  ) {}

  get demangle(): Demangle | undefined {
    return this.options.demangle;
  }

  async of(image: Image, place: Place): Promise<BinaryResult> {
    const key = image.path === VDSO ? VDSO : `${image.device} ${image.inode} ${image.path}`;
    const known = this.opened.get(key);
    const before = await known;
    // The process it was read through may have ended, or become another program.
    if (before && before.lines?.elf.source.failed === undefined) return before;
    let result = this.opened.get(key);
    if (!result || result === known) {
      before?.lines?.close();
      result = this.open(image, place);
      this.opened.set(key, result);
    }
    return result;
  }

  /** What is to be known of a binary that was opened, as a process calls it. */
  facts(pid: number, path: string): BinaryFacts | undefined {
    return this.known.get(`${pid} ${path}`);
  }

  /** Finds out what `facts` tells. */
  async learn(image: Image, { pid }: Place, result: BinaryResult): Promise<void> {
    if (this.known.size >= MOST_KNOWN) this.known.clear();
    this.known.set(`${pid} ${printable(image.path)}`, await factsOf(image, result));
  }

  /** The text in which the process tells the names of code that it makes while it runs; its end where it is very long. */
  async perfMap({ pid, mounts }: Place): Promise<Buffer | undefined> {
    const { binaries } = this.target;
    const [status] = await this.target.read([`/proc/${pid}/status`]);
    const number = status?.ok ? parseStatus(status.data.toString('latin1')).nsPid?.at(-1) : undefined;
    const path = `/tmp/perf-${number}.map`;
    if (!binaries || number === undefined || !isOnLocal(path, mounts)) return undefined;
    const opened = await openBinary(binaries, { kind: 'perfMap', pid, number });
    if (typeof opened === 'string') return undefined;
    const { bytes } = opened;
    const text = await bytes.read(Math.max(0, bytes.size - MOST_PERF_MAP), MOST_PERF_MAP);
    bytes.close();
    return text;
  }

  /** Reads the debug files that frames were named without, soonest; what they tell arrives (`onArrival`). */
  readOn(): void {
    for (const result of this.opened.values())
      void result.then(({ lines }) => lines?.readOn()).catch(() => undefined);
  }

  close(): void {
    for (const result of this.opened.values())
      result.then(
        ({ lines }) => lines?.close(),
        () => undefined,
      );
    this.opened.clear();
    this.builds.clear();
  }

  private async open(image: Image, place: Place): Promise<BinaryResult> {
    const found = image.path === VDSO ? await this.vdso(image, place) : await this.bytes(image, place);
    if (typeof found === 'string') return { why: found };
    const { bytes, modified } = found;
    const result = await openLines(bytes, {
      path: image.path,
      unpack: this.options.unpack,
      open: (path) => this.byPath(path, place),
      ...(this.options.debugFolders ? { debugFolders: this.options.debugFolders } : {}),
      ...(this.options.fetchDebugFile ? { fetchDebugFile: this.options.fetchDebugFile } : {}),
      ...(this.options.onArrival ? { onArrival: this.options.onArrival } : {}),
    });
    if (!result.ok) return { why: result.why };
    const lines = await this.ofBuild(result.lines);
    return { lines, ...(modified === undefined ? {} : { modified }) };
  }

  /** What has been learned of the same build elsewhere, in another container say; a stripped copy gives way to a whole one. */
  private async ofBuild(lines: Lines): Promise<Lines> {
    const id = await lines.elf.buildId();
    if (id === undefined) return lines;
    const same = this.builds.get(id);
    const serves = same && same.elf.source.failed === undefined;
    if (serves && (hasDebugInfo(same.elf) || !hasDebugInfo(lines.elf))) {
      lines.close();
      return same;
    }
    this.builds.set(id, lines);
    return lines;
  }

  private async bytes(image: Image, place: Place): Promise<Found | string> {
    const { binaries } = this.target;
    if (!binaries) return 'a captured tree has no binaries';
    const { pid } = place;
    const mount = place.mounts.find(({ device }) => device === image.device);
    if (mount && isFuse(mount)) return ON_FUSE;
    const ways: BinaryFile[] = [
      { kind: 'mapped', pid, ...image.mapping },
      { kind: 'executable', pid },
    ];
    if (!image.deleted && this.isLocal(image, place)) ways.push({ kind: 'inside', pid, path: image.path });
    let why = 'it cannot be read without root';
    for (const way of ways) {
      const opened = await openBinary(binaries, way);
      if (typeof opened === 'string') {
        if (opened === 'ETIMEDOUT') return 'its file system does not answer';
        continue;
      }
      // The kernel's own link to the mapping leads to nothing else.
      const { inode, modified } = opened.identity;
      if (way.kind === 'mapped' || Number(inode) === image.inode) return { bytes: opened.bytes, modified };
      opened.bytes.close();
      if (way.kind === 'inside') why = 'another file has its name by now; the running one takes root to read';
    }
    return why;
  }

  private isLocal({ device }: Image, { mounts }: Place): boolean {
    const mount = mounts.find((row) => row.device === device);
    return mount !== undefined && isOfThisHost(mount);
  }

  /** Separate debug files: as the process sees the path, else as the inspector does. */
  private async byPath(path: string, { pid, mounts }: Place): Promise<ByteSource | string> {
    const { binaries } = this.target;
    if (!binaries) return 'a captured tree has no binaries';
    if (!isOnLocal(path, mounts)) return 'it is on a file system of another host';
    for (const root of [pid, 0]) {
      const opened = await openBinary(binaries, { kind: 'inside', pid: root, path });
      if (typeof opened !== 'string') return opened.bytes;
    }
    return 'it is not there';
  }

  /** It is in no file; the whole of it lies in memory. */
  private async vdso({ mapping }: Image, { pid }: Place): Promise<Found | string> {
    const length = Number(mapping.end - mapping.start);
    const [answer] = await this.target.memory(pid, [{ address: mapping.start, length }]);
    return answer?.ok ? { bytes: memoryBytes(answer.data) } : (answer?.errno ?? 'EIO');
  }
}

/** Whether the mount that a path lies on is served by this host; the last of two on one point covers the other. */
function isOnLocal(path: string, mounts: readonly MountinfoRow[]): boolean {
  let best: MountinfoRow | undefined;
  for (const row of mounts) {
    const { mountPoint } = row;
    const isBelow = mountPoint === '/' || path === mountPoint || path.startsWith(`${mountPoint}/`);
    if (isBelow && mountPoint.length >= (best?.mountPoint.length ?? 0)) best = row;
  }
  return best !== undefined && isOfThisHost(best);
}
