import { deviceOfNumber } from './device';
import { linesOf, type Rows, readRows } from './lines';

/** One mark of a fanotify group, on an inode, a mount, a whole file system or a mount namespace (6.15+). */
export interface FanotifyRow {
  readonly on: 'inode' | 'mount' | 'filesystem' | 'namespace';
  readonly inode?: number;
  /** `major:minor`. */
  readonly device?: string;
  readonly mountId?: number;
  /** FAN_ event bits. */
  readonly mask: number;
  readonly ignoredMask: number;
}

export interface FanotifyFdinfo extends Rows<FanotifyRow> {
  /** FAN_ bits given to fanotify_init. */
  readonly flags?: number;
}

const GROUP = /^fanotify flags:([0-9a-f]{1,8}) event-flags:[0-9a-f]{1,8}$/;
const MARK =
  /^fanotify (?:ino:([0-9a-f]{1,16}) sdev:([0-9a-f]{1,8})|mnt_id:([0-9a-f]{1,8})|sdev:([0-9a-f]{1,8})|mnt_ns:(\d{1,10})) mflags:[0-9a-f]{1,8} mask:([0-9a-f]{1,8}) ignored_mask:([0-9a-f]{1,8})(?: |$)/;

export function parseFanotify(text: string): FanotifyFdinfo {
  const lines = linesOf(text);
  const first = lines.findIndex((line) => line.startsWith('fanotify '));
  const group = GROUP.exec(lines[first] ?? '');
  const marks = readRows(first < 0 ? [] : lines, readMark, group === null ? first : first + 1);
  return group === null ? marks : { flags: Number.parseInt(group[1] ?? '', 16), ...marks };
}

function readMark(line: string): FanotifyRow | undefined {
  const match = MARK.exec(line);
  if (match === null) {
    return undefined;
  }
  const [, inode, inodeDevice, mount, device, , mask = '', ignored = ''] = match;
  const masks = { mask: Number.parseInt(mask, 16), ignoredMask: Number.parseInt(ignored, 16) };
  if (inode !== undefined && inodeDevice !== undefined) {
    const where = { inode: Number.parseInt(inode, 16), device: deviceOfHex(inodeDevice) };
    return { on: 'inode', ...where, ...masks };
  }
  if (mount !== undefined) {
    return { on: 'mount', mountId: Number.parseInt(mount, 16), ...masks };
  }
  return device === undefined
    ? { on: 'namespace', ...masks }
    : { on: 'filesystem', device: deviceOfHex(device), ...masks };
}

function deviceOfHex(digits: string): string {
  return deviceOfNumber(Number.parseInt(digits, 16));
}
