import type { Cgroup, CgroupLimit } from '../model/sample';
import type { CgroupRow } from '../procfs/cgroup';
import { parseCgroupFreeze, parseCgroupLimits } from '../procfs/cgroupFiles';
import type { Target } from '../target/target';
import { textOf } from './text';

const MOUNT = '/sys/fs/cgroup';
/** Levels of groups, from the root, that are looked at. */
const MOST_LEVELS = 16;

interface Files {
  readonly freeze: readonly string[];
  readonly limits: readonly string[];
  /** Those that only the root group has, and that hold for all. */
  readonly global?: readonly string[];
  /** Its limits hold for the group's own processes, not for those of groups below it. */
  readonly flat?: true;
  /** The file that tells what the group uses of a limit. */
  readonly used?: Readonly<Record<string, string>>;
}

/** Files that hold back a process of the group and of all below it. */
const UNIFIED: Files = {
  freeze: ['cgroup.freeze'],
  limits: ['io.max', 'io.latency', 'io.weight', 'cpu.max', 'memory.max', 'memory.high', 'pids.max'],
  global: ['io.cost.qos'],
  used: { 'memory.max': 'memory.current', 'memory.high': 'memory.current', 'pids.max': 'pids.current' },
};

/** Version 1: a tree for each controller. */
const BY_CONTROLLER: Readonly<Record<string, Files>> = {
  freezer: { freeze: ['freezer.state'], limits: [] },
  blkio: {
    freeze: [],
    limits: ['read_bps', 'write_bps', 'read_iops', 'write_iops'].map(
      (what) => `blkio.throttle.${what}_device`,
    ),
    flat: true,
  },
  memory: {
    freeze: [],
    limits: ['memory.limit_in_bytes'],
    used: { 'memory.limit_in_bytes': 'memory.usage_in_bytes' },
  },
  pids: { freeze: [], limits: ['pids.max'], used: { 'pids.max': 'pids.current' } },
};

interface Wanted {
  readonly group: string;
  readonly directory: string;
  readonly file: string;
  readonly freezes: boolean;
  readonly used: string | undefined;
}

/** The group a process is in and what freezes or limits it, there and above; undefined in the root group. */
export async function readCgroup(target: Target, rows: readonly CgroupRow[]): Promise<Cgroup | undefined> {
  const inner = rows.filter(({ path }) => path !== '/' && isClean(path));
  const own = inner.find(({ hierarchy }) => hierarchy === 0) ?? byController(inner);
  if (!own) return undefined;
  // Where version 1 holds controllers, version 2 is mounted beside them.
  const hybrid = rows.some(({ hierarchy }) => hierarchy > 0);
  const wanted = inner.flatMap((row) => filesOf(row, hybrid));
  const read = async (files: readonly Wanted[]) =>
    (await target.read(files.map(({ directory, file }) => `${directory}/${file}`))).map(textOf);
  const texts = await read(wanted);
  let frozenBy: string | undefined;
  const limits: { readonly of: Wanted; readonly limit: CgroupLimit }[] = [];
  for (const [index, of] of wanted.entries()) {
    const text = texts[index];
    if (text === undefined) continue;
    const { group: path, file, freezes } = of;
    if (!freezes)
      limits.push(...parseCgroupLimits(text).map((limit) => ({ of, limit: { path, file, limit } })));
    else if (parseCgroupFreeze(text)) frozenBy = path;
  }
  const counted = limits.flatMap(({ of }) => (of.used === undefined ? [] : [{ ...of, file: of.used }]));
  const uses = counted.length > 0 ? await read(counted) : [];
  const used = new Map(
    counted.map(({ directory, file }, index) => [`${directory}/${file}`, uses[index]?.trim()]),
  );
  return {
    path: own.path,
    ...(frozenBy === undefined ? {} : { frozenBy }),
    limits: limits.map(({ of, limit }) => {
      const amount = of.used === undefined ? undefined : used.get(`${of.directory}/${of.used}`);
      return amount ? { ...limit, used: amount } : limit;
    }),
  };
}

/** Version 1's trees, that first after which the process's group is called. */
const CONTROLLERS = Object.keys(BY_CONTROLLER);

function byController(rows: readonly CgroupRow[]): CgroupRow | undefined {
  const [first] = CONTROLLERS.flatMap((name) => rows.filter(({ controllers }) => controllers.includes(name)));
  return first;
}

/** A path outside the reader's own namespace begins with `/..`. */
function isClean(path: string): boolean {
  return (
    path.length < 4096 && path.split('/').every((part, index) => index === 0 || !/^(?:\.{0,2})$/.test(part))
  );
}

/** The innermost group first, so that the outermost frozen one is found last: of it the others are told. */
function filesOf({ hierarchy, controllers, path }: CgroupRow, hybrid: boolean): Wanted[] {
  const controller = CONTROLLERS.find((name) => controllers.includes(name));
  const files = hierarchy === 0 ? UNIFIED : BY_CONTROLLER[controller ?? ''];
  if (!files) return [];
  const root = hierarchy === 0 ? (hybrid ? `${MOUNT}/unified` : MOUNT) : `${MOUNT}/${controllers.join(',')}`;
  const parts = path.split('/').slice(1, MOST_LEVELS + 1);
  const groups = parts.map((_, index) => `/${parts.slice(0, index + 1).join('/')}`).reverse();
  const of = (group: string, freezes: boolean) => (file: string) => ({
    group,
    directory: group === '/' ? root : `${root}${group}`,
    file,
    freezes,
    used: files.used?.[file],
  });
  return [
    ...groups.flatMap((group, depth) => [
      ...files.freeze.map(of(group, true)),
      ...(files.flat && depth > 0 ? [] : files.limits).map(of(group, false)),
    ]),
    ...(files.global ?? []).map(of('/', false)),
  ];
}
