import type { Blindness } from '../model/sample';
import type { TargetRights } from './target';

/** Something that is seen with these capabilities alone (any of the sets). */
interface Sight {
  /** With its verb's number: "kernel stacks". */
  readonly what: string;
  readonly needs: readonly (readonly Capability[])[];
}

/** Bits of /proc/PID/status CapEff; CAP_PERFMON and CAP_BPF exist from 5.8. */
const CAPABILITIES = {
  CAP_SYS_PTRACE: 19n,
  CAP_SYS_ADMIN: 21n,
  CAP_PERFMON: 38n,
  CAP_BPF: 39n,
} as const;
type Capability = keyof typeof CAPABILITIES;

/** Most useful first. */
const SIGHTS: readonly Sight[] = [
  { what: 'kernel stacks', needs: [['CAP_SYS_ADMIN']] },
  {
    what: 'the kernel’s own lists of requests',
    needs: [['CAP_SYS_ADMIN'], ['CAP_BPF', 'CAP_PERFMON']],
  },
  { what: 'rings and files of other users’ processes', needs: [['CAP_SYS_PTRACE']] },
];

/** What more rights would show. */
export interface MissingRights {
  /** "Kernel stacks and the kernel’s own lists of requests need root: use sudo." */
  readonly sentence: string;
  readonly what: readonly string[];
  /** False where whoever reads is root already, in a container that keeps capabilities back. */
  readonly sudoHelps: boolean;
}

/** Undefined: nothing that a right could add is missing. */
export function missingRights(rights: TargetRights): MissingRights | undefined {
  const lacking = SIGHTS.filter(({ needs }) => !needs.some((set) => set.every((one) => has(rights, one))));
  if (lacking.length === 0) return undefined;
  const what = lacking.map((sight) => sight.what);
  const subject = capital(listed(what));
  const sudoHelps = rights.uid !== 0;
  if (sudoHelps) return { sentence: `${subject} need root: use sudo.`, what, sudoHelps };
  const wanted = [...new Set(lacking.flatMap(({ needs }) => needs[0] ?? []))];
  const sentence = `${subject} need ${listed(wanted)}, which root has not got here: inspect from the host of the container.`;
  return { sentence, what, sudoHelps };
}

/** Whether root would see what this row says could not be seen. */
export function rootWouldShow({ remedy = '' }: Blindness, rights: TargetRights): boolean {
  return rights.uid !== 0 && /\bsudo\b|\bas root\b/i.test(remedy);
}

function has({ capabilities }: TargetRights, capability: Capability): boolean {
  return ((capabilities >> CAPABILITIES[capability]) & 1n) === 1n;
}

function listed(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} and ${last}`;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
