import { fieldOf } from './lines';
import { decimal } from './numbers';

/** Of a terminal's master, /dev/ptmx. */
export interface PtmxFdinfo {
  /** Its other end is /dev/pts/INDEX (4.14+). */
  readonly index?: number;
}

export function parsePtmx(text: string): PtmxFdinfo {
  const index = decimal(fieldOf(text, 'tty-index'));
  return index === undefined ? {} : { index };
}
