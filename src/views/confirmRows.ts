import { t } from '../model/l10n';
import { printable } from '../model/printable';
import { withoutIcons } from './escape';

/** A row of a question that is dangerous to answer wrong. */
export interface ConfirmRow {
  readonly label: string;
  /** Absent: it only says something. */
  readonly trusts?: boolean;
}

/** Characters that a row of the editor's pick list shows. */
const WIDTH = 84;

/**
 * What there is to know, then the two answers. The first row is the one that Enter takes, so that what is typed elsewhere when the
 * question comes up trusts nothing.
 */
export function trustRows(detail: string, yes: string): ConfirmRow[] {
  const told = detail.split('\n').flatMap((line) => wrapped(withoutIcons(printable(line))));
  return [
    ...told.map((label) => ({ label })),
    { label: `$(check) ${withoutIcons(printable(yes, 40))}`, trusts: true },
    { label: t('$(close) Do Not Connect'), trusts: false },
  ];
}

function wrapped(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > WIDTH) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
