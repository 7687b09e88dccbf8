import type { RequestState } from '../model/request';
import { opcodeNumber } from './opcodes';
import { sqeFlag } from './sqe';
import { verdict } from './verdicts';
import type { Windows } from './windows';

/** Where a pending SQE stands for certain, and the index in the window of the one it waits behind. */
export interface Standing {
  readonly state: Extract<RequestState, 'linked' | 'drained' | 'timeout'>;
  readonly behind?: number;
}

const TIMEOUT = opcodeNumber('TIMEOUT');
const LINK_TIMEOUT = opcodeNumber('LINK_TIMEOUT');

/**
 * Links, drains and timers among the pending SQEs. A link's member waits for the first one of its chain that has not
 * ended; a linked timeout runs along with the one before it. A drain waits for all that were submitted before it, and
 * from 5.13 on all that come later wait for the drain.
 */
export function standings(
  windows: Windows,
  of: Uint8Array,
  opcode: (index: number) => number,
): Map<number, Standing> {
  const { count, flags, slot } = windows;
  const found = new Map<number, Standing>();
  let oldest: number | undefined;
  let drain: number | undefined;
  let unsure = false;
  for (let index = 0; index < count; index++) {
    const value = of[index] ?? verdict.done;
    if (value === verdict.done || (slot[index] ?? -1) < 0) continue;
    if (value === verdict.ambiguous) {
      unsure = true;
      continue;
    }
    const standing = linkOf(windows, of, found, index, opcode(index)) ?? drainOf(index);
    if (standing) found.set(index, standing);
    else if (opcode(index) === TIMEOUT || opcode(index) === LINK_TIMEOUT)
      found.set(index, { state: 'timeout' });
    oldest ??= index;
  }
  return found;

  function drainOf(index: number): Standing | undefined {
    if (drain !== undefined) return { state: 'drained', behind: drain };
    if (!((flags[index] ?? 0) & sqeFlag.drain) || oldest === undefined || unsure) return undefined;
    drain = index;
    return { state: 'drained', behind: oldest };
  }
}

function linkOf(
  { flags }: Windows,
  of: Uint8Array,
  found: ReadonlyMap<number, Standing>,
  index: number,
  opcode: number,
): Standing | undefined {
  const before = index - 1;
  if (before < 0 || !((flags[before] ?? 0) & (sqeFlag.link | sqeFlag.hardLink))) return undefined;
  const value = of[before] ?? verdict.done;
  if (value !== verdict.inferred && value !== verdict.certain) return undefined;
  const ahead = found.get(before);
  if (ahead?.state === 'drained') return ahead;
  if (opcode === LINK_TIMEOUT && ahead === undefined) return { state: 'timeout', behind: before };
  return { state: 'linked', behind: ahead?.behind ?? before };
}
