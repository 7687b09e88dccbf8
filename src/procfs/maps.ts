import { deviceOfHexPair } from './device';
import { linesOf, type Rows, readRows } from './lines';

/** One mapping of /proc/PID/maps. */
export interface MapsRow {
  readonly start: bigint;
  readonly end: bigint;
  /** `rwxp`; the last letter is s for shared, p for private. */
  readonly perms: string;
  readonly offset: bigint;
  /** `major:minor` in decimal. */
  readonly device: string;
  readonly inode: number;
  /** A path, `[stack]`, `anon_inode:[io_uring]`…; absent for anonymous memory. */
  readonly path?: string;
  readonly deleted: boolean;
}

const ROW =
  /^([0-9a-f]{1,16})-([0-9a-f]{1,16}) ([r-][w-][x-][sp]) ([0-9a-f]{1,16}) ([0-9a-f]{1,8}:[0-9a-f]{1,8}) (\d{1,20})(?: +(.*))?$/s;
const DELETED = ' (deleted)';
const RING = 'anon_inode:[io_uring]';
const AIO = '/[aio]';

export function parseMaps(text: string): Rows<MapsRow> {
  return readRows(linesOf(text), readRow);
}

/** The mappings of io_uring rings alone, without reading the other rows. */
export function ringMappings(text: string): MapsRow[] {
  return mappingsOf(text, RING);
}

/** The rings of Linux AIO contexts, without reading the other rows. The file of each is deleted from the start. */
export function aioMappings(text: string): MapsRow[] {
  return mappingsOf(text, AIO).filter((row) => row.deleted && row.perms.endsWith('s') && row.offset === 0n);
}

/** The mapping that an address lies in, found without reading all rows: the kernel writes them in their order. */
export function mappingAt(text: string, address: bigint): MapsRow | undefined {
  let low = 0;
  let high = text.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const start = middle === 0 ? 0 : text.lastIndexOf('\n', middle - 1) + 1;
    const end = lineEnd(text, middle);
    const row = readRow(text.slice(start, end));
    if (row === undefined) return undefined;
    if (address < row.start) high = start;
    else if (address < row.end) return row;
    else low = end + 1;
  }
  return undefined;
}

function mappingsOf(text: string, path: string): MapsRow[] {
  const rows: MapsRow[] = [];
  let from = 0;
  let found = text.indexOf(path);
  while (found >= 0) {
    const end = lineEnd(text, found);
    // Bounded by the end of the row before, so that hostile rows cost no second walk.
    const start = text.slice(from, found).lastIndexOf('\n') + 1 + from;
    const row = readRow(text.slice(start, end));
    if (row?.path === path) {
      rows.push(row);
    }
    from = end;
    found = text.indexOf(path, end);
  }
  return rows;
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end;
}

/** A path escapes line feeds alone, as `\012`. */
function readRow(line: string): MapsRow | undefined {
  const match = ROW.exec(line);
  if (match === null) {
    return undefined;
  }
  const [, start, end, perms = '', offset, pair = '', inode, printed] = match;
  const device = deviceOfHexPair(pair);
  if (device === undefined) {
    return undefined;
  }
  const deleted = printed?.endsWith(DELETED) ?? false;
  const path = (deleted ? printed?.slice(0, -DELETED.length) : printed)?.replaceAll('\\012', '\n');
  return {
    start: BigInt(`0x${start}`),
    end: BigInt(`0x${end}`),
    perms,
    offset: BigInt(`0x${offset}`),
    device,
    inode: Number(inode),
    ...(path === undefined || path === '' ? {} : { path }),
    deleted,
  };
}
