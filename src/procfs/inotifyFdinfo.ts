import { deviceOfNumber } from './device';
import { linesOf, type Rows, readRows } from './lines';

/** One inode that an inotify instance watches. */
export interface InotifyRow {
  /** Watch descriptor. */
  readonly wd: number;
  readonly inode: number;
  /** `major:minor`. */
  readonly device: string;
  /** IN_ bits. */
  readonly mask: number;
}

const ROW =
  /^inotify wd:([0-9a-f]{1,8}) ino:([0-9a-f]{1,16}) sdev:([0-9a-f]{1,8}) mask:([0-9a-f]{1,8}) ignored_mask:[0-9a-f]{1,8}(?: |$)/;

export function parseInotify(text: string): Rows<InotifyRow> {
  const lines = linesOf(text);
  const first = lines.findIndex((line) => line.startsWith('inotify '));
  return readRows(first < 0 ? [] : lines, readRow, first);
}

function readRow(line: string): InotifyRow | undefined {
  const match = ROW.exec(line);
  if (match === null) {
    return undefined;
  }
  const [wd = 0, inode = 0, device = 0, mask = 0] = match
    .slice(1)
    .map((digits) => Number.parseInt(digits, 16));
  return { wd, inode, device: deviceOfNumber(device), mask };
}
