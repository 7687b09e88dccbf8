import type { Task } from '../../model/sample';
import { cpuCount } from '../../procfs/cpuList';
import { inFlight } from '../ringCounts';
import type { Rule, Scene } from '../rule';
import { counted, grouped, operationCounts, sentence } from '../words';

/** Fewer threads are nobody's trouble. */
const CROWD = 128;
const IDLE_ENDS = 'A worker without work ends by itself after five seconds.';

/**
 * "300 io-wq workers for 8 requests in flight: 300 of them have nothing to do; there may be as many as processes (RLIMIT_NPROC)." More
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

/** What let them become so many, after what they do. */
function whySoMany({ sample }: Scene, workers: readonly Task[]): string {
  const { cpus } = sample.host;
  const allowed = cpuCount(sample.process.cpusAllowed ?? '');
  if (cpus !== undefined && allowed !== undefined && allowed < cpus)
    return `; the process may run on ${grouped(allowed)} of ${counted(cpus, 'processor')} only, where more are started than can run`;
  const pools = sample.workerPools ?? [];
  const unbounded = pools.filter((pool) => pool.unbounded.workers > pool.bounded.workers);
  const limit = Math.max(
    0,
    ...(unbounded.length > 0 ? unbounded : pools).map((pool) =>
      unbounded.length > 0 ? pool.unbounded.limit : pool.bounded.limit,
    ),
  );
  if (limit === 0) return '';
  return unbounded.length > 0
    ? `; of such workers there may be ${grouped(limit)}${limit > workers.length ? ', by default as many as processes (RLIMIT_NPROC)' : ''}`
    : `; ${grouped(limit)} are allowed`;
}

function reasons(scene: Scene, workers: readonly Task[]): string[] {
  const { sample } = scene;
  const unbounded = (sample.workerPools ?? []).reduce((sum, pool) => sum + pool.unbounded.workers, 0);
  const limits = (sample.workerPools ?? []).map(({ bounded }) => bounded.limit);
  const cpus = sample.host.cpus;
  const allowed = cpuCount(sample.process.cpusAllowed ?? '');
  return [
    unbounded > workers.length / 2
      ? 'Requests on sockets, pipes and other files that may wait for ever take unbounded workers: one thread each, up to the limit of processes (RLIMIT_NPROC).'
      : '',
    sample.workerPools === undefined || unbounded > workers.length / 2
      ? ''
      : `The limit of bounded workers is ${grouped(Math.max(0, ...limits))}${sample.workerPools.length > 1 ? ` for each of ${grouped(sample.workerPools.length)} threads` : ''}.`,
    cpus !== undefined && allowed !== undefined && allowed < cpus
      ? `The process may run on ${grouped(allowed)} of ${counted(cpus, 'processor')} only: workers that cannot run are taken for blocked ones, and more are started.`
      : '',
  ].filter(Boolean);
}
