import type { Finding } from '../../model/sample';
import type { TracedReaping, TraceSummary } from '../../model/trace';
import { reapLag } from '../../trace/reaping';
import { span } from '../reportTrace';
import type { TracedRule, TracedScene } from '../tracedRule';
import { counted, grouped, ringName } from '../words';

/** Seconds that a completion lies there, and the share of what the requests themselves take, from which it is late. */
const LATE = 0.01;
const SHARE = 0.5;
/** What must have been seen to know the average. */
const LEAST_COLLECTED = 20;
const LEAST_LOOKS = 10;
const LEAST_FILLED = 5;

/** "Completions of ring 1 lie in the queue for 40 ms on average before the program takes them." One that takes none is not-reaped. */
export const reapedLate: TracedRule = {
  tag: 'reaped-late',
  check(scene) {
    return (scene.trace.reaping ?? []).flatMap((reaping) => {
      const lag = lateBy(reaping, scene.trace);
      return lag === undefined ? [] : [finding(scene, reaping, lag)];
    });
  },
};

function lateBy(reaping: TracedReaping, trace: TraceSummary): number | undefined {
  const { looks, filled, collected } = reaping;
  const lag = reapLag(reaping);
  if (lag === undefined || lag < LATE || lag < SHARE * meanLatency(trace)) return undefined;
  return collected >= LEAST_COLLECTED && looks >= LEAST_LOOKS && filled >= LEAST_FILLED ? lag : undefined;
}

function meanLatency({ operations }: TraceSummary): number {
  let count = 0;
  let sum = 0;
  for (const { latency } of operations) {
    count += latency?.count ?? 0;
    sum += (latency?.count ?? 0) * (latency?.mean ?? 0);
  }
  return count > 0 ? sum / count : 0;
}

function finding({ trace, sample }: TracedScene, reaping: TracedReaping, lag: number): Finding {
  const { ringFd, looks, filled, seconds, collected, held, most } = reaping;
  const ring = sample.rings.find(({ fd }) => fd === ringFd);
  const name = ring ? ringName(ring) : `the ring at descriptor ${ringFd}`;
  return {
    tag: 'reaped-late',
    severity: 'warning',
    summary: `Completions of ${name} lie in the queue for ${span(lag)} on average before the program takes them.`,
    explanation: `In ${grouped(filled)} of ${counted(looks, 'look')} in ${span(seconds)} some lay there, ${grouped(Math.round(held * 10) / 10)} on average and ${grouped(most)} at the most, while the program took ${grouped(collected)}: how many lie there by how many go a second is how long each lies. From submit to completion a request took ${span(meanLatency(trace))} on average: the rest is the program’s.`,
    remedy:
      'See what the thread that reaps does between two looks at its queue: long computations, other system calls, sleeps or locks, or whether it gets no processor. Reap in a thread of its own, or reap more often while working.',
    evidence: ring ? [{ ring: ring.id }] : [],
  };
}
