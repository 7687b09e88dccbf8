import { decodeOctalEscapes } from './escapes';
import { linesOf, type Rows, readRows } from './lines';
import { decimal } from './numbers';

/** One mount of /proc/PID/mountinfo; of two on one point the later row covers the earlier. */
export interface MountinfoRow {
  readonly id: number;
  readonly parent: number;
  /** `major:minor` in decimal. */
  readonly device: string;
  /** The part of the file system that is mounted. */
  readonly root: string;
  readonly mountPoint: string;
  readonly options: string[];
  /** With the subtype: `fuse.sshfs`. */
  readonly fsType: string;
  /** A device, a server, or any word the mounter chose. */
  readonly source: string;
  readonly superOptions: string[];
}

export function parseMountinfo(text: string): Rows<MountinfoRow> {
  return readRows(linesOf(text), readRow);
}

/** Optional fields, any number of them, stand between the options and a lone `-`. */
function readRow(line: string): MountinfoRow | undefined {
  if (!line.includes(' - ')) {
    return undefined;
  }
  const fields = line.split(' ');
  const dash = fields.indexOf('-', 6);
  const id = decimal(fields[0]);
  const parent = decimal(fields[1]);
  const [, , device = '', root = '', mountPoint = '', options = ''] = fields;
  const fsType = fields[dash + 1];
  const source = fields[dash + 2];
  const superOptions = fields[dash + 3];
  if (
    dash < 0 ||
    id === undefined ||
    parent === undefined ||
    !/^\d{1,10}:\d{1,10}$/.test(device) ||
    !mountPoint.startsWith('/') ||
    fsType === undefined ||
    source === undefined ||
    superOptions === undefined
  ) {
    return undefined;
  }
  return {
    id,
    parent,
    device,
    root: decodeOctalEscapes(root),
    mountPoint: decodeOctalEscapes(mountPoint),
    options: optionsOf(options),
    fsType: decodeOctalEscapes(fsType),
    source: decodeOctalEscapes(source),
    superOptions: optionsOf(superOptions),
  };
}

function optionsOf(text: string): string[] {
  return text.split(',').map(decodeOctalEscapes);
}
