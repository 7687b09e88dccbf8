import { together } from '../explain/standing';
import { headline, pendingCount, stuckCount } from '../explain/summary';
import type { Inspected } from '../inspect/inspections';
import { t } from '../model/l10n';
import type { Sample } from '../model/sample';
import { withoutIcons } from './escape';
import { onHost } from './hostNodes';
import { stateOf, titleOf } from './nodes';
import { inOrder, isCurrent, standing } from './order';
import { dots, grouped, shown } from './words';

/** The most important finding of all, in full: it stands above the tree, where long lines wrap. */
export function answer(all: readonly Inspected[]): string | undefined {
  const told = inOrder(all).filter(({ snapshot }) => snapshot.sample?.findings[0]);
  const best = told.find(isCurrent) ?? told[0];
  const finding = best?.snapshot.sample?.findings[0];
  if (!best || !finding) return undefined;
  const summary = shown(finding.summary, 1000);
  return all.length > 1 ? `${titleOf(best)}${onHost(best)}: ${summary}` : summary;
}

/** Requests stuck in the processes that are still followed; saved and ended ones are history. */
export function stuckInAll(all: readonly Inspected[]): number {
  return sumOf(all.filter(isCurrent), stuckCount);
}

export interface StatusText {
  readonly text: string;
  /** Plain text, one process a line, as they stand in the tree. */
  readonly tooltip: string;
  readonly spoken: string;
}

/** What the status bar says; undefined = nothing is followed, so it says nothing. */
export function statusText(all: readonly Inspected[]): StatusText | undefined {
  const followed = inOrder(all.filter(isCurrent));
  if (followed.length === 0) return undefined;
  const words = inAll(followed);
  const paused = followed.every((inspected) => stateOf(inspected) === 'paused');
  const lines = followed.map((inspected) => {
    const { sample } = inspected.snapshot;
    const state = sample ? headline(sample) : t('looking…');
    return dots(
      `${titleOf(inspected)}${onHost(inspected)}`,
      state,
      stateOf(inspected) === 'paused' && t('paused'),
    );
  });
  return {
    text: withoutIcons(`io_uring: ${words}${paused ? t(' (paused)') : ''}`),
    tooltip: lines.join('\n'),
    spoken: `io_uring Inspector: ${words}${paused ? t(', paused') : ''}`,
  };
}

/** The worst of all, in a few words. */
function inAll(followed: readonly Inspected[]): string {
  const stuck = stuckInAll(followed);
  if (stuck > 0) return t('{0} stuck', grouped(stuck));
  const { weight } = together(followed.map(standing));
  if (weight === 2) return t('stuck');
  if (weight === 1) return t('needs a look');
  const pending = sumOf(followed, pendingCount);
  return pending > 0 ? t('{0} waiting', grouped(pending)) : t('nothing stuck');
}

function sumOf(all: readonly Inspected[], count: (sample: Sample) => number): number {
  return all.reduce((sum, { snapshot: { sample } }) => sum + (sample ? count(sample) : 0), 0);
}
