import { grouped } from '../explain/words';
import { t } from '../model/l10n';
import { printable } from '../model/printable';

export { grouped };

/** Longest text of a row; the whole stands in its tooltip. */
const ROW_LENGTH = 200;

/** `1 request`, `2 requests`, `1,234 requests`: both nouns stand on their own in the languages' bundles. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${grouped(n)} ${t(n === 1 ? one : many)}`;
}

/** Wall clock of the reader: `14:03:22`. */
export function clock(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return t('an unknown time');
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(':');
}

/** Wall clock with its day: `2026-11-22 14:03:22`. */
export function dayAndClock(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return t('an unknown time');
  const day = [date.getFullYear(), twoDigits(date.getMonth() + 1), twoDigits(date.getDate())].join('-');
  return `${day} ${clock(iso)}`;
}

function twoDigits(n: number): string {
  return String(n).padStart(2, '0');
}

/** Facts of one row, side by side; absent ones leave no trace. */
export function dots(...facts: readonly (string | undefined | false)[]): string {
  return facts.filter(Boolean).join(' · ');
}

/** Text of the target's choosing made harmless and short enough for a row. */
export function shown(text: string, length = ROW_LENGTH): string {
  // Cut first: making a text of megabytes printable for one row would be work for nothing.
  return short(printable(text.slice(0, length + 1)), length);
}

/** Cut with an ellipsis, never inside a surrogate pair. */
export function short(text: string, length = ROW_LENGTH): string {
  if (text.length <= length) return text;
  const cut = text.slice(0, length - 1);
  return `${/[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut}…`;
}
