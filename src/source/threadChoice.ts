import type { Blindness, Sample, Task } from '../model/sample';

/** Threads of one Sample whose stacks are read. */
const MOST_THREADS = 200;
export const LEFT_OUT = 'stacks in the program of ';

/**
 * Which threads of a process are read in each look, where they are too many for one: what a finding rests on and what has
 * requests pending at each, the others in turn, those first that have not run for longest.
 */
export class ThreadChoice {
  private readonly turns = new Map<number, number>();
  private turn = 0;

  /** `isKnown`: its stack is told already, and stands. */
  next(sample: Sample, isKnown: (task: Task) => boolean): Task[] {
    const rank = importance(sample);
    const last = ({ tid }: Task): number => this.turns.get(tid) ?? 0;
    const ran = ({ lastRan = Number.POSITIVE_INFINITY }: Task): number => lastRan;
    const open = sleepers(sample).filter((task) => !isKnown(task));
    const chosen = open
      .sort((a, b) => rank(a) - rank(b) || last(a) - last(b) || compare(ran(a), ran(b)))
      .slice(0, MOST_THREADS);
    this.turn++;
    if (this.turns.size > sample.tasks.length) {
      const here = new Set(sample.tasks.map(({ tid }) => tid));
      for (const tid of this.turns.keys()) if (!here.has(tid)) this.turns.delete(tid);
    }
    for (const { tid } of chosen) this.turns.set(tid, this.turn);
    return chosen;
  }
}

/** Says how many threads nobody has had the time for. */
export function threadsLeftOut(sample: Sample): Blindness[] {
  const open = sleepers(sample).filter(({ userStack, userStackNote }) => !userStack && !userStackNote);
  if (open.length === 0) return [];
  const threads = open.length === 1 ? 'another thread' : `${open.length} other threads`;
  return [
    {
      what: `${LEFT_OUT}${threads}`,
      why: `${MOST_THREADS} are read in one look, those that matter most and those that wait longest first`,
      remedy: 'look again: what still waits need not be read anew, and others have their turn (--watch)',
    },
  ];
}

/** The program's own threads that sleep. */
function sleepers({ tasks }: Sample): Task[] {
  return tasks.filter(
    ({ kind, state }) => kind === 'thread' && state !== 'R' && state !== 'Z' && state !== 'X',
  );
}

/** First those a finding rests on, then those that have requests pending. */
function importance({ findings, requests }: Sample): (task: Task) => number {
  const shown = new Set(
    findings.flatMap(({ evidence }) => evidence.flatMap((one) => ('task' in one ? [one.task] : []))),
  );
  const submitters = new Set(requests.flatMap(({ submitter, worker }) => [submitter, worker]));
  return ({ tid }) => (shown.has(tid) ? 0 : submitters.has(tid) ? 1 : 2);
}

/** Two that are endless are the same. */
const compare = (a: number, b: number): number => (a === b ? 0 : a - b);
