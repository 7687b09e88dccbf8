import type { Rule } from '../rule';
import { processName } from '../words';

/**
 * "server (7) is frozen: its cgroup /docker/ab was told to freeze (docker pause, systemctl freeze)." Its threads then look as
 * if they slept; io-wq workers go on, and what they finish is not reaped.
 */
export const cgroupFrozen: Rule = {
  tag: 'cgroup-frozen',
  check({ sample: { cgroup, process, tasks } }) {
    const group = cgroup?.frozenBy;
    if (cgroup === undefined || group === undefined) return [];
    const above = group === cgroup.path ? '' : ` The process itself is in ${cgroup.path}, below it.`;
    return [
      {
        tag: 'cgroup-frozen',
        severity: 'warning',
        summary: `${processName(process)} is frozen: its cgroup ${group} was told to freeze (docker pause, systemctl freeze, a suspended job).`,
        explanation: `None of its threads runs until the cgroup is thawed; they look as if they slept.${above}`,
        remedy: `Whoever froze it must thaw it: docker unpause, systemctl thaw, or 0 into cgroup.freeze of ${group} (version 1: THAWED into freezer.state).`,
        evidence: tasks.filter(({ kind }) => kind === 'thread').map(({ tid }) => ({ task: tid })),
      },
    ];
  },
};
