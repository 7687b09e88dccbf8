import { fieldOf } from './lines';
import { bigHex, decimal } from './numbers';

export interface EventfdFdinfo {
  readonly count: bigint;
  /** 5.2+. */
  readonly id?: number;
  /** 6.6+. */
  readonly semaphore?: boolean;
}

export function parseEventfd(text: string): EventfdFdinfo | undefined {
  const count = bigHex(fieldOf(text, 'eventfd-count'));
  if (count === undefined) {
    return undefined;
  }
  const id = decimal(fieldOf(text, 'eventfd-id'));
  const semaphore = decimal(fieldOf(text, 'eventfd-semaphore'));
  return {
    count,
    ...(id === undefined ? {} : { id }),
    ...(semaphore === undefined ? {} : { semaphore: semaphore !== 0 }),
  };
}
