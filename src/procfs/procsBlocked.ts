import { decimal } from './numbers';

/** procs_blocked of /proc/stat: the tasks of the machine that the kernel counts as waiting for I/O at this moment. */
export function parseProcsBlocked(text: string): number | undefined {
  const digits = /^procs_blocked (\d{1,10})$/m.exec(text)?.[1];
  return digits === undefined ? undefined : decimal(digits);
}
