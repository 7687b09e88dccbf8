import { linesOf } from './lines';
import { decimal, octal } from './numbers';

/** The lines every /proc/PID/fdinfo/N begins with. */
export interface Fdinfo {
  pos?: number;
  /** O_ flags; their numbers depend on the architecture (openFlags.ts). */
  flags?: number;
  mountId?: number;
  /** 5.15+ (and stable kernels before). */
  inode?: number;
  /** Rows of locks held through the file, as in /proc/locks. */
  locks: string[];
}

/** Reads only the head: what follows it is the file type's own, and may repeat names a target chose. */
export function parseFdinfo(text: string): Fdinfo {
  const fdinfo: Fdinfo = { locks: [] };
  for (const line of linesOf(text)) {
    const colon = line.indexOf(':\t');
    const value = line.slice(colon + 2);
    switch (line.slice(0, Math.max(colon, 0))) {
      case 'pos':
        setNumber(fdinfo, 'pos', decimal(value));
        break;
      case 'flags':
        setNumber(fdinfo, 'flags', octal(value));
        break;
      case 'mnt_id':
        setNumber(fdinfo, 'mountId', decimal(value));
        break;
      case 'ino':
        setNumber(fdinfo, 'inode', decimal(value));
        break;
      case 'lock':
        fdinfo.locks.push(value);
        break;
      default:
        return fdinfo;
    }
  }
  return fdinfo;
}

function setNumber(fdinfo: Fdinfo, field: 'pos' | 'flags' | 'mountId' | 'inode', value?: number): void {
  if (value !== undefined) {
    fdinfo[field] ??= value;
  }
}
