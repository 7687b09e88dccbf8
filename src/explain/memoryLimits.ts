import { printable } from '../model/printable';
import type { CgroupLimit, Sample } from '../model/sample';
import { plainName } from '../ring/issueFunctions';
import type { Blocked } from './blocking';

/** What stands in the stack of a wait for memory of a control group, with the files of the limit that makes it wait. */
const WAITS: ReadonlyMap<string, RegExp> = new Map([
  ['mem_cgroup_handle_over_high', /^memory\.high$/],
  // 7.2
  ['__mem_cgroup_handle_over_high', /^memory\.high$/],
  ['mem_cgroup_oom_synchronize', /^memory\.(?:max|limit_in_bytes)$/],
  ['try_to_free_mem_cgroup_pages', /^memory\./],
  ['try_charge_memcg', /^memory\./],
]);

/** Of a task that waits for memory of its control group. */
export function isMemoryLimit(blocked: Blocked): boolean {
  return filesOf(blocked) !== undefined;
}

function filesOf({ task, on, cause }: Blocked): RegExp | undefined {
  if (cause !== 'memory' && cause !== 'throttled') return undefined;
  const names = [on.function, ...(task.kernelStack ?? []).map((frame) => frame.function)].map(plainName);
  return WAITS.get(names.find((name) => WAITS.has(name)) ?? '');
}

/** A task that waits for memory of its control group, told with the group that has the least left. */
export function behindMemoryLimit({ cgroup }: Sample, blocked: Blocked): Blocked {
  const { on } = blocked;
  const files = filesOf(blocked);
  if (!files || !cgroup) return blocked;
  const [limit] = cgroup.limits.filter(({ file }) => files.test(file)).sort((a, b) => left(a) - left(b));
  if (!limit) return blocked;
  const used = limit.used === undefined ? '' : ` uses ${bytes(limit.used)} and`;
  const words = `cgroup ${printable(limit.path, 200)}${used} may use ${bytes(limit.limit)} (${printable(limit.file, 60)})`;
  return { ...blocked, on: { ...on, text: `${on.text}: ${words}` } };
}

function left({ limit, used }: CgroupLimit): number {
  return used === undefined ? Infinity : Number(limit) - Number(used);
}

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** "16 MiB", "1.5 GiB"; what is no number as it is. */
function bytes(text: string): string {
  if (!/^\d{1,19}$/.test(text)) return printable(text, 40);
  let size = Number(text);
  let unit = 0;
  for (; size >= 1024 && unit < UNITS.length - 1; unit++) size /= 1024;
  return `${Math.round(size * 10) / 10} ${UNITS[unit]}`;
}
