import type { Blindness, MissingRight } from '../model/sample';
import { parseStatus } from '../procfs/status';
import type { Target } from '../target/target';

/** Why sudo beside the inspector would not help: rights count in a user namespace only, or nobody there can have them. */
export type Confinement = 'user namespace' | 'bounding set';

const SYS_ADMIN = 1n << 21n;
const ALL_USERS = /^\s*0\s+0\s+4294967295\s*$/;

const known = new WeakMap<Target, Promise<Confinement | undefined>>();

/** Of whoever reads, found out once; undefined where nothing is known to confine him. */
export function confinementOf(target: Target): Promise<Confinement | undefined> {
  const origin = target.origin ?? target;
  const found = known.get(origin) ?? readConfinement(origin);
  known.set(origin, found);
  return found;
}

async function readConfinement(target: Target): Promise<Confinement | undefined> {
  if (target.self === undefined) return undefined;
  const [users, status] = await target.read([`/proc/${target.self}/uid_map`, `/proc/${target.self}/status`]);
  if (users?.ok && !ALL_USERS.test(users.data.toString('latin1'))) return 'user namespace';
  const bounds = status?.ok ? parseStatus(status.data.toString('latin1')).capBnd : undefined;
  return bounds !== undefined && (bounds & SYS_ADMIN) === 0n ? 'bounding set' : undefined;
}

const WORDS = {
  CAP_SYS_ADMIN: 'CAP_SYS_ADMIN',
  CAP_BPF: 'CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN',
} as const satisfies Partial<Record<MissingRight, string>>;

/** Why a right is missing and where it can be had. `remedy`: for whom nothing confines. */
export function missingRight(
  missing: keyof typeof WORDS,
  remedy: string,
  confinement: Confinement | undefined,
): Pick<Blindness, 'why' | 'remedy' | 'missing'> {
  const right = WORDS[missing];
  switch (confinement) {
    case 'user namespace':
      return {
        why: `needs ${right} on the host, and the inspector is in a user namespace (a rootless container)`,
        remedy: 'inspect it from the host, with sudo',
      };
    case 'bounding set':
      return {
        why: `needs ${right}, which nobody has where the inspector runs (a container without it)`,
        remedy: 'inspect it from the host, with sudo, or start the container with --cap-add SYS_ADMIN',
      };
    default:
      return { why: `needs ${right}`, remedy, missing };
  }
}
