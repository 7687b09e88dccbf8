import { explain, explaining } from '../explain/explain';
import { printable } from '../model/printable';
import type { Sample } from '../model/sample';
import { isMemoryLocked } from '../sample/blindness';
import { layoutOf, type WalkOptions } from '../sample/pendingSources';
import { takeSample } from '../sample/takeSample';
import type { Target } from '../target/target';
import { inTurns } from '../target/turns';
import { type Linking, linkWithin, unlinked } from './linking';

export interface LookOptions {
  readonly signal?: AbortSignal;
  /** An earlier Sample of the same process: spares the second look. */
  readonly previous?: Sample | undefined;
  /** How the kernel's own structures are walked; false = not at all. */
  readonly walk?: WalkOptions | false;
  /** How the Sample is linked to the program's source; absent = not at all. */
  readonly links?: Linking | undefined;
  /** Waits that many milliseconds; for tests. */
  readonly sleep?: (milliseconds: number) => Promise<void>;
}

/** Between the two looks of one answer. Milliseconds. */
const SECOND_LOOK = 300;

/**
 * One explained Sample. Where one look cannot tell standing still from being busy, a second one is taken shortly
 * after (of a captured tree: the moment it recorded later).
 */
export async function look(target: Target, pid: number, options: LookOptions = {}): Promise<Sample> {
  const sample = await lookUnlinked(target, pid, options);
  const { links, signal } = options;
  return links && target.binaries && !isMemoryLocked(sample)
    ? linkWithin(sample, linked(target, sample, links, options), links, signal)
    : sample;
}

/** What goes wrong with it costs no Sample; that the target is gone, the next look meets, too. */
async function linked(
  target: Target,
  sample: Sample,
  { link, late }: Linking,
  { previous, signal, walk = {} }: LookOptions,
): Promise<Sample> {
  try {
    const opened = walk === false ? undefined : await layoutOf(target, walk);
    return await link(target, sample, {
      previous,
      signal,
      late,
      layout: opened?.ok ? opened.layout : undefined,
    });
  } catch (error) {
    return unlinked(sample, printable(error instanceof Error ? error.message : String(error)));
  }
}

async function lookUnlinked(target: Target, pid: number, options: LookOptions): Promise<Sample> {
  const { signal, previous, walk } = options;
  const sampleOptions = { ...(signal ? { signal } : {}), ...(walk === undefined ? {} : { walk }) };
  const first = await takeSample(target, pid, { ...sampleOptions, previous });
  const explained = await inTurns(explaining(first, previous ? { other: previous } : {}), signal);
  if (!explained.lookAgain) return explained.sample;
  if (target.frozen) return lookLater(target, first);
  await (options.sleep ?? pause)(SECOND_LOOK);
  const second = await takeSample(target, first.process.pid, { ...sampleOptions, previous: first });
  return (await inTurns(explaining(second, { other: first, last: true }), signal)).sample;
}

async function lookLater(target: Target, first: Sample): Promise<Sample> {
  const later = target.later?.();
  if (!later) return explain(first, { last: true }).sample;
  try {
    const other = await takeSample(later, first.process.pid);
    return explain(first, { other, last: true }).sample;
  } catch {
    // The process had ended by then, or the later tree is incomplete: what the first look says stands.
    return explain(first, { last: true }).sample;
  } finally {
    later.dispose();
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
