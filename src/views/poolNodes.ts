import { indexOf } from '../explain/sampleIndex';
import { busyPools, isExhausted, poolText } from '../explain/workers';
import { t } from '../model/l10n';
import type { Sample, WorkerPool } from '../model/sample';
import { type Node, paged } from './node';
import { taskRow } from './taskNodes';
import { grouped } from './words';

/** Pools that stand on their own among the rings; more of them fold into one row. */
const FEW = 4;

/** The io-wq of each thread: how many workers it has, may have, and what waits for one. */
export function poolNodes(sample: Sample): readonly Node[] {
  const pools = busyPools(sample);
  if (pools.length <= FEW) return pools.map((pool) => poolRow(pool, sample));
  return [
    {
      id: 'pools',
      label: t('Worker pools ({0})', grouped(pools.length)),
      icon: { id: 'server-process' },
      children: () => paged(pools, (pool) => poolRow(pool, sample)),
    },
  ];
}

function poolRow(pool: WorkerPool, sample: Sample): Node {
  const { tid, bounded, unbounded } = pool;
  const task = indexOf(sample).tasks.get(tid);
  const full = isExhausted(bounded) || isExhausted(unbounded);
  const label = t('io-wq of thread {0}', tid);
  const text = poolText(pool);
  return {
    id: `pool-${tid}`,
    label,
    description: text,
    spoken: `${label}: ${text}`,
    icon: { id: 'server-process', ...(full ? { color: 'list.warningForeground' } : {}) },
    tooltip: () =>
      t(
        'Workers carry requests that would block\\. Bounded ones serve regular files and block devices, unbounded ones sockets, pipes and all that may wait for ever\\. What is queued waits until one of them is free\\.',
      ),
    ...(task ? { children: () => [taskRow(task, sample)] } : {}),
  };
}
