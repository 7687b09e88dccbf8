import type { Cgroup, CgroupLimit } from '../model/sample';
import type { CgroupRow } from '../procfs/cgroup';
import { parseCgroupFreeze, parseCgroupLimits } from '../procfs/cgroupFiles';
import type { Target } from '../target/target';
import { textOf } from './text';

const MOUNT = '/sys/fs/cgroup';
/** Levels of groups, from the root, that are looked at. */
const MOST_LEVELS = 16;

/** Files that hold back a process of the group and of all below it. */
const UNIFIED = { freeze: ['cgroup.freeze'], limits: ['io.max', 'cpu.max', 'memory.max', 'memory.high'] };

interface Files {
  readonly freeze: readonly string[];
  readonly limits: readonly string[];
}

/** Version 1: a tree for each controller. */
const BY_CONTROLLER: Readonly<Record<string, Files>> = {
  freezer: { freeze: ['freezer.state'], limits: [] },
  blkio: {
    freeze: [],
    limits: ['read_bps', 'write_bps', 'read_iops', 'write_iops'].map(
      (what) => `blkio.throttle.${what}_device`,
    ),
  },
};

interface Wanted {
  readonly group: string;
  readonly directory: string;
  readonly file: string;
  readonly freezes: boolean;
}

/** The group a process is in and what freezes or limits it, there and above; undefined in the root group. */
export async function readCgroup(target: Target, rows: readonly CgroupRow[]): Promise<Cgroup | undefined> {
  const inner = rows.filter(({ path }) => path !== '/' && isClean(path));
  const own = inner.find(({ hierarchy }) => hierarchy === 0) ?? inner.find(isHeldBack);
  if (!own) return undefined;
  // Where version 1 holds controllers, version 2 is mounted beside them.
  const hybrid = rows.some(({ hierarchy }) => hierarchy > 0);
  const wanted = inner.flatMap((row) => filesOf(row, hybrid));
  const texts = (await target.read(wanted.map(({ directory, file }) => `${directory}/${file}`))).map(textOf);
  let frozenBy: string | undefined;
  const limits: CgroupLimit[] = [];
  for (const [index, { group, file, freezes }] of wanted.entries()) {
    const text = texts[index];
    if (text === undefined) continue;
    if (!freezes) limits.push(...parseCgroupLimits(text).map((limit) => ({ path: group, file, limit })));
    else if (parseCgroupFreeze(text)) frozenBy = group;
  }
  return { path: own.path, ...(frozenBy === undefined ? {} : { frozenBy }), limits };
}

function isHeldBack({ controllers }: CgroupRow): boolean {
  return controllers.some((name) => Object.hasOwn(BY_CONTROLLER, name));
}

/** A path outside the reader's own namespace begins with `/..`. */
function isClean(path: string): boolean {
  return (
    path.length < 4096 && path.split('/').every((part, index) => index === 0 || !/^(?:\.{0,2})$/.test(part))
  );
}

/** The innermost group first, so that the outermost frozen one is found last: of it the others are told. */
function filesOf({ hierarchy, controllers, path }: CgroupRow, hybrid: boolean): Wanted[] {
  const controller = controllers.find((name) => Object.hasOwn(BY_CONTROLLER, name));
  const files = hierarchy === 0 ? UNIFIED : BY_CONTROLLER[controller ?? ''];
  if (!files) return [];
  const root = hierarchy === 0 ? (hybrid ? `${MOUNT}/unified` : MOUNT) : `${MOUNT}/${controllers.join(',')}`;
  const parts = path.split('/').slice(1, MOST_LEVELS + 1);
  return parts
    .map((_, index) => `/${parts.slice(0, index + 1).join('/')}`)
    .reverse()
    .flatMap((group) => {
      const directory = `${root}${group}`;
      const of = (freezes: boolean) => (file: string) => ({ group, directory, file, freezes });
      return [...files.freeze.map(of(true)), ...files.limits.map(of(false))];
    });
}
