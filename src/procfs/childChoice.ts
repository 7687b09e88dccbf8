import { argumentOf } from './syscall';

/** Which children a wait is for. `id`: a pid, a process group or a descriptor of the process; 0 as a group = its own. */
export type ChildChoice =
  | { readonly kind: 'all' }
  | { readonly kind: 'pid' | 'group' | 'pidfd'; readonly id: number };

/** idtype_t of waitid(2): P_ALL, P_PID, P_PGID, P_PIDFD. */
const KINDS = ['all', 'pid', 'group', 'pidfd'] as const;

/** Of a system call’s raw arguments; undefined where it waits for no child. */
export function awaitedChildren(name: string | undefined, args: readonly string[]): ChildChoice | undefined {
  const word = (index: number) => Number(BigInt.asIntN(32, argumentOf(args, index)));
  if (name === 'wait4') {
    const pid = word(0);
    if (pid === -1) return { kind: 'all' };
    return pid > 0 ? { kind: 'pid', id: pid } : { kind: 'group', id: Math.abs(pid) };
  }
  return name === 'waitid' ? choiceOf(KINDS[word(0)], word(1)) : undefined;
}

/** Of a WAITID request, as its operand says it: `P_ALL`, `P_PID 812`. */
export function choiceFromText(text: string): ChildChoice | undefined {
  const [, name, id] = /^(P_ALL|P_PID|P_PGID|P_PIDFD)(?: (\d{1,10}))?$/.exec(text) ?? [];
  if (name === 'P_ALL') return { kind: 'all' };
  const kind = name === 'P_PID' ? 'pid' : name === 'P_PGID' ? 'group' : 'pidfd';
  return name === undefined || id === undefined ? undefined : { kind, id: Number(id) };
}

function choiceOf(kind: (typeof KINDS)[number] | undefined, id: number): ChildChoice | undefined {
  if (kind === undefined) return undefined;
  return kind === 'all' ? { kind } : { kind, id };
}
