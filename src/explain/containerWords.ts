import { printable } from '../model/printable';
import type { ProcessSummary } from '../model/process';
import type { Process } from '../model/sample';

/** "17 in docker 0123456789ab", "in docker 0123456789ab"; undefined of a process that is in no container. */
export function inContainer({
  container,
  namespacePids,
}: Pick<Process | ProcessSummary, 'container' | 'namespacePids'>): string | undefined {
  const own = namespacePids?.at(-1);
  if (!container) return own === undefined ? undefined : `${own} in its own PID namespace`;
  return `${own === undefined ? '' : `${own} `}in ${printable(container, 120)}`;
}
