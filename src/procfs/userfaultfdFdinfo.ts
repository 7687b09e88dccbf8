import { fieldOf } from './lines';
import { decimal } from './numbers';

export interface UserfaultfdFdinfo {
  /** Faults its handler has not read. */
  readonly pending: number;
  /** Faults it has not resolved, the pending ones included. */
  readonly total: number;
}

export function parseUserfaultfd(text: string): UserfaultfdFdinfo | undefined {
  const pending = decimal(fieldOf(text, 'pending'));
  const total = decimal(fieldOf(text, 'total'));
  return pending === undefined || total === undefined ? undefined : { pending, total };
}
