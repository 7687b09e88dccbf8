import { fieldOf } from './lines';
import { decimal, decimals } from './numbers';

export interface PidfdFdinfo {
  /** In the reader's pid namespace: 0 = not visible there, -1 = it has ended. */
  readonly pid: number;
  /** From the reader's pid namespace inwards. */
  readonly nsPids?: number[];
}

export function parsePidfd(text: string): PidfdFdinfo | undefined {
  const pid = decimal(fieldOf(text, 'Pid'));
  if (pid === undefined) {
    return undefined;
  }
  const nsPids = decimals(fieldOf(text, 'NSpid'));
  return { pid, ...(nsPids === undefined ? {} : { nsPids }) };
}
