import type { History } from '../inspect/history';
import { t } from '../model/l10n';
import type { Change } from '../model/timeline';

/** What has changed between two times, by the looks nearest to them that are kept; milliseconds since 1970. Undefined = there are none. */
export async function changeOf(history: History, from: number, to: number): Promise<Change | undefined> {
  const [before, after] = [history.nearest(from), history.nearest(to)];
  if (!before || !after) return undefined;
  const { differenceText } = await import('../inspect/exports/difference');
  const text =
    before === after
      ? t('Of this range one look is kept: there is nothing to compare it with.')
      : differenceText(before, after).trimEnd();
  return { from: Date.parse(before.takenAt), to: Date.parse(after.takenAt), text };
}
