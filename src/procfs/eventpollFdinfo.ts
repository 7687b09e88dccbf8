import { deviceOfNumber } from './device';
import { linesOf, type Rows, readRows } from './lines';

/** One descriptor that an epoll set watches. */
export interface EventpollRow {
  /** Its number in the process when it was added. */
  readonly fd: number;
  /** EPOLL bits. */
  readonly events: number;
  readonly data: bigint;
  /** 4.13+. */
  readonly inode?: number;
  /** `major:minor` of its file system. */
  readonly device?: string;
}

const ROW =
  /^tfd: *(\d{1,10}) events: *([0-9a-f]{1,8}) data: *([0-9a-f]{1,16})(?: +pos:-?\d{1,20} ino:([0-9a-f]{1,16}) sdev:([0-9a-f]{1,8}))?$/;

export function parseEventpoll(text: string): Rows<EventpollRow> {
  const lines = linesOf(text);
  const first = lines.findIndex((line) => line.startsWith('tfd:'));
  return readRows(first < 0 ? [] : lines, readRow, first);
}

function readRow(line: string): EventpollRow | undefined {
  const match = ROW.exec(line);
  if (match === null) {
    return undefined;
  }
  const [, fd, events = '', data = '', inode, device] = match;
  return {
    fd: Number(fd),
    events: Number.parseInt(events, 16),
    data: BigInt(`0x${data}`),
    ...(inode === undefined ? {} : { inode: Number.parseInt(inode, 16) }),
    ...(device === undefined ? {} : { device: deviceOfNumber(Number.parseInt(device, 16)) }),
  };
}
