import { type EventpollRow, parseEventpoll } from '../../procfs/eventpollFdinfo';
import type { Target } from '../../target/target';
import { type ProcessMemory, wordIn } from '../origin/processMemory';

/** Bytes of a `runtime.pollDesc` that are read. */
const DESCRIPTION = 192;
/** Descriptors of one look, and bytes of one set's text. */
const MOST_POLLED = 10_000;
const MOST_TEXT = 2 << 20;
const DEADLINE = 500;

export interface Polled {
  readonly fd: number;
  readonly for: 'read' | 'write';
}

/**
 * The descriptors that goroutines wait for, by the address of the goroutine: what Go has registered with epoll leads to its
 * `runtime.pollDesc`, which names who waits to read and who to write (Go 1.16 and later).
 */
export async function readPolls(
  target: Target,
  memory: ProcessMemory,
  pid: number,
  sets: readonly number[],
  isGoroutine: (address: number) => boolean,
): Promise<Map<number, Polled>> {
  const texts = await target.read(
    sets.map((fd) => `/proc/${pid}/fdinfo/${fd}`),
    { limit: MOST_TEXT, deadline: DEADLINE },
  );
  const rows = texts.flatMap((text) => (text.ok ? parseEventpoll(text.data.toString('latin1')).rows : []));
  const found = new Map<number, Polled>();
  await Promise.all(
    rows.slice(0, MOST_POLLED).map(async (row) => {
      for (const [goroutine, polled] of await waitersOf(memory, row, isGoroutine))
        found.set(goroutine, polled);
    }),
  );
  return found;
}

async function waitersOf(
  memory: ProcessMemory,
  { fd, data: value }: EventpollRow,
  isGoroutine: (address: number) => boolean,
): Promise<(readonly [number, Polled])[]> {
  const { address, isTagged } = descriptionOf(value, memory);
  if (address === undefined || address % 8 !== 0) return [];
  const data = await memory.bytes(address, DESCRIPTION);
  // Behind the link to the next one; behind a lock, too, until Go 1.17.
  const own = data && [8, 16].find((at) => wordIn(data, at) === fd);
  if (data === undefined || own === undefined) return [];
  const reader = isTagged || own === 16 ? own + 24 : own + 16;
  const waiters: (readonly [number, Polled])[] = [];
  for (let at = own + 8; at + 8 <= data.length; at += 8) {
    const word = wordIn(data, at);
    if (word && isGoroutine(word)) waiters.push([word, { fd, for: at <= reader ? 'read' : 'write' }]);
  }
  return waiters;
}

/** Since Go 1.21 shifted, with a number in the low bits that tells uses of one description apart. */
function descriptionOf(
  value: bigint,
  memory: ProcessMemory,
): { readonly address?: number; readonly isTagged: boolean } {
  const plain = Number(value);
  if (Number.isSafeInteger(plain) && memory.region(plain)) return { address: plain, isTagged: false };
  const address = Number(((value >> 19n) << 3n) & 0xffff_ffff_ffffn);
  return memory.region(address) ? { address, isTagged: true } : { isTagged: true };
}
