/** The lines of a text without their line feeds; what follows the last line feed counts when not empty. */
export function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') {
    lines.pop();
  }
  return lines;
}

/** What a row format yields: the rows, and how many lines were not rows. */
export interface Rows<Row> {
  readonly rows: Row[];
  readonly unreadable: number;
}

/** Reads each line with `read`; blank lines are neither rows nor unreadable. */
export function readRows<Row>(
  lines: readonly string[],
  read: (line: string) => Row | undefined,
  first = 0,
): Rows<Row> {
  const rows: Row[] = [];
  let unreadable = 0;
  for (let index = first; index < lines.length; index++) {
    const line = lines[index] ?? '';
    if (line === '') {
      continue;
    }
    const row = read(line);
    if (row === undefined) {
      unreadable++;
    } else {
      rows.push(row);
    }
  }
  return { rows, unreadable };
}

/** The value of the first line `key:…`, without the white space around it. */
export function fieldOf(text: string, key: string): string | undefined {
  const label = `${key}:`;
  let start = 0;
  if (!text.startsWith(label)) {
    const found = text.indexOf(`\n${label}`);
    if (found < 0) {
      return undefined;
    }
    start = found + 1;
  }
  const end = text.indexOf('\n', start);
  return text.slice(start + label.length, end < 0 ? text.length : end).trim();
}
