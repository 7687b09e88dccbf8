import type { Blindness } from '../model/sample';
import type { MemoryRange, MemoryResult } from '../probe/protocol';
import { mappingAt } from '../procfs/maps';
import { AnsweringFiles, type MappedStretch } from '../source/answeringFiles';
import type { Target } from '../target/target';
import { textOf } from './text';

/** What is answered of memory that was left alone. */
export const LEFT_ALONE = 'EREMOTEIO';

/** Bytes of /proc/PID/maps. */
const MAPS_LIMIT = 64 << 20;
/** Files that are told of by name. */
const MOST_FILES = 4;

interface Guarded {
  readonly files: AnsweringFiles;
  /** /proc/PID/maps; undefined where it cannot be read: its memory cannot be, either. */
  maps: Promise<string | undefined>;
  /** Of the look before, or read before what is asked for was mapped. */
  stale: boolean;
  readonly begun: Promise<void>;
}

/** Texts of the process that are read anyway; undefined where they cannot be. */
export interface KnownTexts {
  readonly pid: number;
  readonly maps: Promise<string | undefined>;
  readonly mountinfo: string | undefined;
}

/**
 * Stands before the memory of processes that one look reads through pointers of theirs: what lies in a mapped file whose file
 * system may never answer is left alone, for the process itself would wait with the reader (AnsweringFiles). Of a range
 * that reaches into such memory the part before it is read.
 */
export class MemoryGuard {
  private readonly origin: Target;
  private readonly processes = new Map<number, Guarded>();
  private readonly alone = new Map<string, Blindness>();

  constructor(target: Target, known?: KnownTexts) {
    this.origin = target.origin ?? target;
    if (!known) return;
    const files = new AnsweringFiles(this.origin, known.pid);
    this.keep(known.pid, { files, maps: known.maps, stale: false, begun: files.begin(known.mountinfo) });
  }

  /** The same target, whose memory is guarded. A further look keeps what is known of the mappings, and asks anew for what is new. */
  before(target: Target): Target {
    if (target.frozen) return target;
    this.alone.clear();
    for (const guarded of this.processes.values()) guarded.stale = true;
    const memory: Target['memory'] = (...asked) => this.read(target, ...asked);
    return new Proxy(target, {
      get(of, name) {
        if (name === 'memory') return memory;
        const value: unknown = Reflect.get(of, name);
        return typeof value === 'function' ? value.bind(of) : value;
      },
    });
  }

  /** What was left alone at this look. */
  blindness(): Blindness[] {
    const rows = [...this.alone.values()];
    if (rows.length <= MOST_FILES) return rows;
    const more: Blindness = {
      what: `what lies in ${rows.length - MOST_FILES} more mapped files`,
      why: 'their file systems may not answer',
    };
    return [...rows.slice(0, MOST_FILES), more];
  }

  private async read(target: Target, ...[pid, ranges, options]: Parameters<Target['memory']>) {
    if (ranges.every(({ ring }) => ring)) return target.memory(pid, ranges, options);
    const guarded = this.guarded(pid);
    const allowed = await Promise.all(ranges.map((range) => this.allowed(guarded, range)));
    const asked = allowed.filter((range) => range !== undefined);
    if (asked.length === 0) return allowed.map(() => ALONE);
    const read = await target.memory(pid, asked, options);
    let next = 0;
    return allowed.map((range): MemoryResult => (range ? (read[next++] ?? ALONE) : ALONE));
  }

  private guarded(pid: number): Guarded {
    const known = this.processes.get(pid);
    if (known) return known;
    const files = new AnsweringFiles(this.origin, pid);
    return this.keep(pid, { files, maps: this.readMaps(pid), stale: false, begun: files.begin() });
  }

  private keep(pid: number, guarded: Guarded): Guarded {
    for (const promise of [guarded.maps, guarded.begun]) promise.catch(() => undefined);
    this.processes.set(pid, guarded);
    return guarded;
  }

  /** The part of a range that may be read, from its start on. */
  private async allowed(guarded: Guarded, range: MemoryRange): Promise<MemoryRange | undefined> {
    // The ring's own memory, which is asked for through its descriptor where it lies nowhere.
    if (range.ring) return range;
    let maps = await guarded.maps;
    if (maps !== undefined && !mappingAt(maps, range.address)) maps = await this.renewed(guarded);
    // Refused the one, the other is as well; and what is mapped nowhere cannot wait.
    if (maps === undefined) return range;
    await guarded.begun;
    const end = range.address + BigInt(range.length);
    let at = range.address;
    while (at < end) {
      const row = mappingAt(maps, at);
      if (!row) break;
      const { device, inode, path: name = '' } = row;
      const stretch = { device, inode, name, start: Number(row.start), end: Number(row.end) };
      if (!(await guarded.files.mayRead(stretch))) {
        this.leaveAlone(guarded, stretch);
        break;
      }
      at = row.end;
    }
    if (at >= end) return range;
    if (at > range.address) return { ...range, length: Number(at - range.address) };
    return mappingAt(maps, at) ? undefined : range;
  }

  private renewed(guarded: Guarded): Promise<string | undefined> {
    if (guarded.stale) guarded.maps = this.readMaps(guarded.files.pid);
    guarded.stale = false;
    return guarded.maps;
  }

  private async readMaps(pid: number): Promise<string | undefined> {
    const [maps] = await this.origin.read([`/proc/${pid}/maps`], { limit: MAPS_LIMIT });
    return textOf(maps);
  }

  private leaveAlone({ files }: Guarded, stretch: MappedStretch): void {
    const mount = files.mountOf(stretch);
    const what = `what lies in memory that is mapped from ${stretch.name}`;
    const where = mount ? `of ${mount.fsType} at ${mount.mountPoint}` : 'of a file system that was detached';
    const why = `it is a file ${where}, which may not answer: reading it could freeze the process`;
    this.alone.set(stretch.name, { what, why });
  }
}

const ALONE: MemoryResult = { ok: false, errno: LEFT_ALONE };
