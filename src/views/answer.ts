import { headline, stuckCount } from '../explain/summary';
import type { Inspected } from '../inspect/inspections';
import type { Finding, Severity } from '../model/sample';
import { withoutIcons } from './escape';
import { onHost } from './hostNodes';
import { stateOf, titleOf } from './nodes';
import { dots, grouped, shown } from './words';

const WEIGHT: Record<Severity, number> = { info: 1, warning: 2, critical: 3 };

/** The most important finding of all, in full: it stands above the tree, where long lines wrap. */
export function answer(all: readonly Inspected[]): string | undefined {
  let best: { readonly finding: Finding; readonly of: Inspected } | undefined;
  for (const of of all) {
    const finding = of.snapshot.sample?.findings[0];
    if (finding && (!best || WEIGHT[finding.severity] > WEIGHT[best.finding.severity]))
      best = { finding, of };
  }
  if (!best) return undefined;
  const summary = shown(best.finding.summary, 1000);
  return all.length > 1 ? `${titleOf(best.of)}${onHost(best.of)}: ${summary}` : summary;
}

/** Requests stuck in the processes that are still followed; saved and ended ones are history. */
export function stuckInAll(all: readonly Inspected[]): number {
  return current(all).reduce(
    (sum, { snapshot }) => sum + (snapshot.sample ? stuckCount(snapshot.sample) : 0),
    0,
  );
}

export interface StatusText {
  readonly text: string;
  /** Plain text, one process a line. */
  readonly tooltip: string;
  readonly spoken: string;
}

/** What the status bar says; undefined = nothing is followed, so it says nothing. */
export function statusText(all: readonly Inspected[]): StatusText | undefined {
  const followed = current(all);
  if (followed.length === 0) return undefined;
  const words = inAll(followed);
  const paused = followed.every((inspected) => stateOf(inspected) === 'paused');
  const lines = followed.map((inspected) => {
    const { sample } = inspected.snapshot;
    const state = sample ? headline(sample) : 'looking…';
    return dots(
      `${titleOf(inspected)}${onHost(inspected)}`,
      state,
      stateOf(inspected) === 'paused' && 'paused',
    );
  });
  return {
    text: withoutIcons(`io_uring: ${words}${paused ? ' (paused)' : ''}`),
    tooltip: lines.join('\n'),
    spoken: `io_uring Inspector: ${words}${paused ? ', paused' : ''}`,
  };
}

/** The worst of all, in a few words. */
function inAll(followed: readonly Inspected[]): string {
  const stuck = stuckInAll(followed);
  if (stuck > 0) return `${grouped(stuck)} stuck`;
  const worst = followed.reduce((most, { snapshot }) => {
    const [first] = snapshot.sample?.findings ?? [];
    return Math.max(most, first ? WEIGHT[first.severity] : 0);
  }, 0);
  if (worst === WEIGHT.critical) return 'stuck';
  if (worst === WEIGHT.warning) return 'needs a look';
  const rings = followed.flatMap(({ snapshot }) => snapshot.sample?.rings ?? []);
  const pending = rings.reduce((sum, { inFlight }) => sum + (inFlight ?? 0), 0);
  return pending > 0 ? `${grouped(pending)} waiting` : 'nothing stuck';
}

function current(all: readonly Inspected[]): readonly Inspected[] {
  return all.filter((inspected) => ['live', 'paused'].includes(stateOf(inspected)));
}
