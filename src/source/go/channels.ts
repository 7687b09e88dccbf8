import { type ProcessMemory, wordIn } from '../origin/processMemory';
import { GOROUTINE } from './goroutineLayout';
import type { Goroutine } from './readGoroutines';

/** Bytes of a `runtime.sudog` and of a `runtime.hchan` that are read. */
const WAITER = 128;
const CHANNEL = 96;
/** Where a waiter can have its channel: behind the goroutine, its neighbours and what is sent. */
const FIRST_FIELD = 48;
/** Where a channel can have its queues. */
const FIRST_QUEUE = 40;
/** Channels of one select. */
const MOST = 16;
/** Goroutines that are asked for the field. */
const TRIALS = 50;
/** From the instruction that started a goroutine to what it waits with. */
const WAITING = 32;

/**
 * The channels that goroutines wait on, with the goroutines (`runtime.sudog`). `startedAt`: where a goroutine has the
 * instruction that started it.
 */
export async function readChannels(
  memory: ProcessMemory,
  goroutines: readonly Goroutine[],
  startedAt: number,
): Promise<Map<number, Goroutine[]>> {
  const found = new Map<number, Goroutine[]>();
  const at = startedAt + WAITING;
  if (at + 8 > GOROUTINE) return found;
  const waiting = goroutines.filter(({ data }) => wordIn(data, at));
  const field = await channelField(memory, waiting.slice(0, TRIALS), at);
  if (field === undefined) return found;
  await Promise.all(
    waiting.map(async (goroutine) => {
      let waiter = wordIn(goroutine.data, at);
      for (let count = 0; waiter && count < MOST; count++) {
        const bytes: Buffer | undefined = await memory.bytes(waiter, WAITER);
        const channel = bytes && wordIn(bytes, 0) === goroutine.address ? wordIn(bytes, field) : undefined;
        if (!bytes || !channel) break;
        found.set(channel, [...(found.get(channel) ?? []), goroutine]);
        // The next of a select, the last one, the channel.
        waiter = wordIn(bytes, field - 16);
      }
    }),
  );
  return found;
}

/** Where waiters have their channel: what is there has the waiter first or last in one of its queues. */
async function channelField(
  memory: ProcessMemory,
  waiting: readonly Goroutine[],
  at: number,
): Promise<number | undefined> {
  for (const { data, address } of waiting) {
    const waiter = wordIn(data, at);
    const bytes = waiter ? await memory.bytes(waiter, WAITER) : undefined;
    if (!waiter || !bytes || wordIn(bytes, 0) !== address) continue;
    for (let field = FIRST_FIELD; field + 8 <= WAITER; field += 8) {
      const word = wordIn(bytes, field);
      const channel = word && memory.region(word) ? await memory.bytes(word, CHANNEL) : undefined;
      if (channel && isQueued(channel, waiter)) return field;
    }
  }
  return undefined;
}

function isQueued(channel: Buffer, waiter: number): boolean {
  for (let at = FIRST_QUEUE; at + 8 <= channel.length; at += 8)
    if (wordIn(channel, at) === waiter) return true;
  return false;
}
