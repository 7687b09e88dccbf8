import { UserError } from '../model/errors';
import type { Target } from '../target/target';

/** Nothing can be traced, and why. */
export function nothingTraced(why: string, remedy?: string): UserError {
  return new UserError('not-traceable', 'io_uring cannot be traced here.', why, remedy);
}

/** Why the probe, or the host, does not trace. */
export function traceRefused(errno: string, { label, rights }: Pick<Target, 'label' | 'rights'>): UserError {
  // Who is not root does not see whether it is mounted, either.
  switch (rights.uid !== 0 && errno === 'ENODEV' ? 'EACCES' : errno) {
    case 'EACCES':
    case 'EPERM':
      return new UserError(
        'not-permitted',
        'io_uring cannot be traced.',
        'Tracing needs the rights of root.',
        'Run it with sudo, elsewhere with --sudo.',
      );
    case 'ENODEV':
      return nothingTraced(
        `tracefs is not mounted on ${label}, and the inspector mounts nothing.`,
        'As root: mount -t tracefs nodev /sys/kernel/tracing',
      );
    case 'EBUSY':
      return nothingTraced('Another trace of this connection is under way.', 'Stop that one first.');
    case 'EOPNOTSUPP':
      return nothingTraced(
        'The probe was started with --no-kernel-memory or --no-memory, or the settings say that the memory of the kernel or of processes is not read.',
        'Leave it out, or switch the setting on and inspect anew.',
      );
    case 'EXDEV':
      return nothingTraced(
        '/proc is of another PID namespace than the probe.',
        'Trace from the host itself.',
      );
    case 'ENOSYS':
      return nothingTraced('The probe there is of an earlier version.', 'Update it.');
    case 'ENOENT':
      return nothingTraced('This kernel has no instances of tracefs.');
    case 'ENOMEM':
      return nothingTraced('The kernel has no memory for the buffers.');
    default:
      return nothingTraced(`It was refused with ${errno}.`);
  }
}
