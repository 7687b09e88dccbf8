import type { Finding, Ring, Sample, Task } from '../model/sample';
import type { Blocked } from './blocking';
import { indexOf } from './sampleIndex';

/** What a rule looks at: one Sample, and another look at the same process where there is one. */
export interface Scene {
  readonly sample: Sample;
  /** An earlier or later look at the same process. */
  readonly other?: Sample;
  /** Seconds between the two looks. */
  readonly between?: number;
  /** No second look will come: a rule must say what it can from this one. */
  readonly last: boolean;
  /** Tasks that wait, with what they wait for. */
  readonly blocked: readonly Blocked[];
}

/** yes = its findings; no = an empty list; 'look again' = one look cannot tell. */
export type Verdict = readonly Finding[] | 'look again';

export interface Rule {
  readonly tag: string;
  check(scene: Scene): Verdict;
}

/** A longer wait is believed at one look, although processors' clocks may differ by a second. Seconds. */
const LONG = 2;
/** Two looks that see the same wait trust it sooner. Seconds. */
const LONG_ENOUGH_TWICE = 0.25;

/** Whether a task has stood still long enough to be called stuck; undefined = look again. */
export function standsStill(scene: Scene, task: Task): boolean | undefined {
  const { blocked } = task;
  if (blocked !== undefined && blocked >= LONG) return true;
  if (!scene.other) return scene.last ? blocked === undefined || blocked >= LONG_ENOUGH_TWICE : undefined;
  const before = indexOf(scene.other).tasks.get(task.tid);
  if (!before || before.state !== task.state) return false;
  // Without the present time in it, this comparison is right on every processor's clock.
  if (before.lastRan !== undefined && task.lastRan !== undefined) return before.lastRan === task.lastRan;
  if (blocked !== undefined) return blocked >= LONG_ENOUGH_TWICE;
  return sameStack(before, task);
}

function sameStack(a: Task, b: Task): boolean {
  const text = (task: Task) => task.kernelStack?.map((f) => f.function).join('<') ?? task.wchan;
  return text(a) === text(b);
}

/** The same ring in the other look. */
export function before(scene: Scene, ring: Ring): Ring | undefined {
  return scene.other?.rings.find((r) => r.fd === ring.fd && r.id === ring.id);
}
