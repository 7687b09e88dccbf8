import type { Sample, Task } from '../../model/sample';
import { cpuCount } from '../../procfs/cpuList';
import { inFlight } from '../ringCounts';
import type { Rule, Scene } from '../rule';
import { counted, grouped, operationCounts, sentence } from '../words';

/** Fewer threads are nobody's trouble. */
const CROWD = 128;
const IDLE_ENDS = 'A worker without work ends by itself after five seconds.';

/**
 * "300 io-wq workers for 8 requests in flight: 300 of them have nothing to do; 384 are allowed." More
 * threads than anybody wanted, in both looks, with the likely reason.
 */
export const workerCrowd: Rule = {
  tag: 'worker-crowd',
  check(scene) {
    const { sample } = scene;
    const workers = sample.tasks.filter(({ kind }) => kind === 'worker');
    if (workers.length < CROWD) return [];
    if (!scene.other && !scene.last) return 'look again';
    if (scene.other && scene.other.tasks.filter(({ kind }) => kind === 'worker').length < CROWD) return [];
    const idle = scene.blocked.filter(({ task, on }) => task.kind === 'worker' && on.idle).length;
    const pending = sample.rings.reduce((sum, ring) => sum + (inFlight(ring) ?? 0), 0);
    const busy = workers.filter(({ operation }) => operation !== undefined);
    const carries =
      busy.length === 0 ? '' : ` carry ${operationCounts(busy.map(({ operation = '' }) => operation))}`;
    const doing =
      idle >= workers.length / 2
        ? `${grouped(idle)} of them have nothing to do`
        : `${grouped(busy.length)} of them${carries}`;
    return [
      {
        tag: 'worker-crowd',
        severity: 'warning',
        summary: sentence(
          `${grouped(workers.length)} io-wq workers for ${counted(pending, 'request')} in flight: ${doing}${whySoMany(scene, workers)}.`,
        ),
        explanation: [...reasons(scene, workers), idle > 0 ? IDLE_ENDS : ''].filter(Boolean).join(' '),
        remedy:
          'Limit them with io_uring_register_iowq_max_workers (bounded, unbounded); let sockets and pipes be polled instead of IOSQE_ASYNC.',
        evidence: sample.rings.map((ring) => ({ ring: ring.id })),
      },
    ];
  },
};

/** Whose processors are few, and how many they are; undefined where all may be used. */
function fewProcessors({
  host,
  process,
}: Sample): { readonly whose: string; readonly count: number } | undefined {
  const own = cpuCount(process.cpusAllowed ?? '');
  const workers = cpuCount(process.workerCpusAllowed ?? '');
  if (host.cpus === undefined) return undefined;
  if (workers !== undefined && workers < Math.min(host.cpus, own ?? host.cpus))
    return { whose: 'its workers', count: workers };
  return own !== undefined && own < host.cpus ? { whose: 'the process', count: own } : undefined;
}

/** What let them become so many, after what they do. */
function whySoMany({ sample }: Scene, workers: readonly Task[]): string {
  const few = fewProcessors(sample);
  if (few)
    return `; ${few.whose} may run on ${grouped(few.count)} of ${counted(sample.host.cpus ?? 0, 'processor')} only, where more are started than can run`;
  const pools = sample.workerPools ?? [];
  const crowded = pools.find(({ unbounded }) => unbounded.workers > workers.length / 2);
  const most = sample.process.maxProcesses;
  if (crowded) {
    const { limit } = crowded.unbounded;
    const why = limit === most ? ', as many as processes (RLIMIT_NPROC)' : '';
    return `; of such workers there may be ${grouped(limit)}${why}`;
  }
  const limit = Math.max(0, ...pools.map(({ bounded }) => bounded.limit));
  if (limit > 0) return `; ${grouped(limit)} are allowed`;
  return most === undefined ? '' : `; at most ${grouped(most)} (RLIMIT_NPROC) are allowed`;
}

function reasons(scene: Scene, workers: readonly Task[]): string[] {
  const { sample } = scene;
  const unbounded = (sample.workerPools ?? []).reduce((sum, pool) => sum + pool.unbounded.workers, 0);
  const limits = (sample.workerPools ?? []).map(({ bounded }) => bounded.limit);
  return [
    unbounded > workers.length / 2
      ? 'Requests on sockets, pipes and other files that may wait for ever take unbounded workers: one thread each, up to the limit of processes (RLIMIT_NPROC).'
      : '',
    sample.workerPools === undefined || unbounded > workers.length / 2
      ? ''
      : `The limit of bounded workers is ${grouped(Math.max(0, ...limits))}${sample.workerPools.length > 1 ? ` for each of ${grouped(sample.workerPools.length)} threads` : ''}.`,
    fewProcessors(sample)
      ? 'Where few processors are allowed, workers that cannot run are taken for blocked ones, and more are started.'
      : '',
  ].filter(Boolean);
}
