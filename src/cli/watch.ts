import { costWords, trendText } from '../explain/trend';
import { Budget } from '../inspect/budget';
import { History } from '../inspect/history';
import { Pace } from '../inspect/pace';
import { UserError } from '../model/errors';
import type { Sample } from '../model/sample';
import { readCounters } from '../sample/counters';
import type { Target } from '../target/target';
import { pause } from './pause';

export interface Following {
  /** Between looks. */
  readonly seconds: number;
  /** Looks come later where they would find the same, and sooner where what moved stands (Pace). */
  readonly paced: boolean;
  readonly signal: AbortSignal;
  readonly look: (previous: Sample | undefined) => Promise<Sample>;
  /** `trend` = lines on how it goes since the look before; '' at the first one. */
  readonly show: (sample: Sample, trend: string) => Promise<void>;
}

/** Milliseconds between counters. */
const COUNTING = 1000;
/** Points that tell what looking takes. */
const LAST = 30;

/** Shows look after look until the signal. True where the process has ended before; rejects where the first look does. */
export async function followProcess(target: Target, following: Following): Promise<boolean> {
  const { seconds, paced, signal, look, show } = following;
  const budget = new Budget();
  const history = new History();
  const pace = new Pace();
  const began = { at: performance.now(), spent: spent() };
  let previous: Sample | undefined;
  while (!signal.aborted) {
    const started = performance.now();
    const sample = await look(previous).catch((error: unknown) => {
      if (previous !== undefined && isEnd(error)) return undefined;
      throw error;
    });
    if (!sample || isAnother(sample, previous)) return true;
    budget.note(target.processor);
    history.add(sample, (performance.now() - started) / 1000, budget.total);
    pace.looked(sample);
    const own = (spent() - began.spent) / (performance.now() - began.at);
    await show(sample, previous === undefined ? '' : trendLines(history, own));
    previous = sample;
    const ended = performance.now();
    const least = budget.wait();
    const left = () =>
      ended +
      (paced ? pace.wait(seconds * 1000, least) : Math.max(seconds * 1000, least)) -
      performance.now();
    for (let wait = left(); wait > 0 && !signal.aborted; wait = left()) {
      if (!paced || wait <= COUNTING) {
        await pause(wait, signal);
        continue;
      }
      await pause(pace.counting(COUNTING), signal);
      if (signal.aborted) break;
      // What goes wrong with it the next look meets, too.
      const counters = await readCounters(target, sample).catch(() => undefined);
      budget.note(target.processor);
      pace.counted(counters);
      if (counters) history.count(counters, budget.total);
    }
  }
  return false;
}

function trendLines(history: History, own: number): string {
  const { points } = history;
  const last = points.at(-1);
  const lines = [last ? trendText(last) : '', costWords(points.slice(-LAST), own)];
  return lines.flatMap((line) => (line === '' ? [] : [`${line}\n`])).join('');
}

/** The end of the process is the natural end of watching it. */
function isEnd(error: unknown): boolean {
  return error instanceof UserError && (error.code === 'process-gone' || error.code === 'no-such-process');
}

/** Its number is another process's now. */
function isAnother({ process: now }: Sample, previous: Sample | undefined): boolean {
  return previous !== undefined && now.startTime !== previous.process.startTime;
}

/** Milliseconds of processor time that this program has taken. */
function spent(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
