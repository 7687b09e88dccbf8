import type { Blindness } from '../model/sample';
import type { Target } from '../target/target';
import { confinementOf, missingRight } from './confinement';

/** What is not seen where the kernel's memory cannot be read. */
const ONE_BY_ONE = 'requests inside the kernel, one by one';

/** Bits of a capability mask. */
const SYS_ADMIN = 1n << 21n;
const PERFMON = 1n << 38n;
const BPF = 1n << 39n;

/** Why kernel memory was refused. `errno` as KernelMemory has it. */
export async function refusedBy(target: Target, errno: string): Promise<Blindness> {
  const what = ONE_BY_ONE;
  switch (errno) {
    case 'EPERM':
    case 'EACCES': {
      const confinement = await confinementOf(target);
      // Capabilities of a user namespace are none for the kernel's memory.
      return mayPeek(target.rights.capabilities) && confinement !== 'user namespace'
        ? {
            what,
            why: 'the kernel refuses to have its memory read, whoever asks (lockdown=confidentiality, or a security module)',
          }
        : {
            what,
            ...missingRight('CAP_BPF', 'run with sudo', confinement),
          };
    }
    case 'ENOSYS':
    case 'EINVAL':
      return { what, why: 'this kernel has no BPF programs that can be called (5.14 and later have)' };
    case 'EOPNOTSUPP':
      return { what, why: 'reading kernel memory is switched off' };
    case 'EBUSY':
    case 'ETIMEDOUT':
      return { what, why: 'the probe did not answer in time' };
    default:
      return { what, why: `reading kernel memory failed: ${errno}` };
  }
}

function mayPeek(capabilities: bigint): boolean {
  const both = BPF | PERFMON;
  return (capabilities & SYS_ADMIN) !== 0n || (capabilities & both) === both;
}

export function noKernelMemory(target: Target): Blindness {
  return { what: ONE_BY_ONE, why: `${target.label} has no kernel memory that could be read` };
}

export function noTypes(errno: string): Blindness {
  return errno === 'ENOENT'
    ? {
        what: ONE_BY_ONE,
        why: 'the kernel does not describe its types: /sys/kernel/btf/vmlinux is missing',
        remedy: 'use a kernel built with CONFIG_DEBUG_INFO_BTF=y',
      }
    : { what: ONE_BY_ONE, why: `/sys/kernel/btf/vmlinux could not be read: ${errno}` };
}

export function badTypes(why: string): Blindness {
  return { what: ONE_BY_ONE, why: `/sys/kernel/btf/vmlinux: ${why}` };
}

/** `members` by the kernel's names. */
export function unknownKernel(members: readonly string[]): Blindness {
  return { what: ONE_BY_ONE, why: `not known on this kernel: ${few(members)}` };
}

export function partlyUnknown(members: readonly string[]): Blindness {
  return { what: 'some requests inside the kernel', why: `not visible on this kernel: ${few(members)}` };
}

/** Why the slabs cannot be searched. */
export function noSearch(why: string): Blindness {
  return { what: 'requests inside a device or file system, one by one', why };
}

/** What happened to the process while it was walked. */
export function processGone(how: 'ended' | 'executed another program'): Blindness {
  return { what: ONE_BY_ONE, why: `the process ${how} meanwhile` };
}

/** The pids of /proc are not those by which the probe finds processes. */
export function otherNamespace(): Blindness {
  return {
    what: ONE_BY_ONE,
    why: 'the /proc that the inspector sees belongs to another PID namespace than the inspector',
    remedy: 'run it in the PID namespace of its /proc, or mount a /proc of its own',
  };
}

export function neverStill(lists: readonly string[]): Blindness {
  const at = lists.length === 0 ? '' : ` (${few(lists)})`;
  return {
    what: 'requests inside the kernel, all at one moment',
    why: `they changed while they were read${at}: the process is not stuck, or not all of it`,
  };
}

const MOST_NAMED = 6;

function few(names: readonly string[]): string {
  const more = names.length - MOST_NAMED;
  return names.slice(0, MOST_NAMED).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
