import { printable } from '../../model/printable';
import type { Origin } from '../../model/request';
import type { UserFrame } from '../../model/sample';
import { type ProcessMemory, wordIn } from '../origin/processMemory';
import { meaningOf } from '../origin/userData';
import type { GoHeap } from './goHeap';
import type { GoProcess } from './goProcess';

/** Values of user_data looked into in one look, and objects for one of them. */
const MOST_VALUES = 500;
const MOST_OBJECTS = 24;
/** Bytes of an object that are looked at. */
const MOST_BYTES = 1024;
const DEEPEST = 1;

/** A goroutine that waits on a channel. */
export interface ChannelWaiter {
  readonly goroutine: number;
  /** The program's own frame that it waits in. */
  readonly frame?: UserFrame | undefined;
}

interface Object {
  readonly address: number;
  readonly path: string;
}

/**
 * The code of a Go program that requests belong to: user_data, or what it points to, is a channel that goroutines wait on, or a
 * function value. By user_data; those in Go's heap of which nothing is known of none: another search would take neighbours in.
 */
export async function goOrigins(
  memory: ProcessMemory,
  go: GoProcess,
  heap: GoHeap,
  channels: ReadonlyMap<number, readonly ChannelWaiter[]>,
  userData: Iterable<string>,
): Promise<Map<string, readonly Origin[]>> {
  const found = new Map<string, readonly Origin[]>();
  const values = [...new Set(userData)].slice(0, MOST_VALUES);
  await Promise.all(
    values.map(async (value) => {
      const meaning = meaningOf(value);
      if (meaning.kind !== 'address') return;
      for (const { address, words } of meaning.candidates) {
        const object = await heap.objectAt(address);
        if (!object) continue;
        found.set(value, await originsOf(memory, go, heap, channels, { address, path: words }));
        return;
      }
    }),
  );
  return found;
}

/** A channel before a function value, the nearest of each. */
async function originsOf(
  memory: ProcessMemory,
  go: GoProcess,
  heap: GoHeap,
  channels: ReadonlyMap<number, readonly ChannelWaiter[]>,
  first: Object,
): Promise<readonly Origin[]> {
  const waiters = channels.get(first.address);
  if (waiters) return waiting(waiters, first.path);
  let callback: Origin | undefined = await functionValue(memory, go, first, first.path);
  let level: readonly Object[] = [first];
  const seen = new Set<number>([first.address]);
  for (let depth = 0; depth <= DEEPEST && level.length > 0; depth++) {
    const next: Object[] = [];
    for (const { address, path } of level) {
      const end = (await heap.objectAt(address))?.end ?? address;
      const length = Math.min(end - address, MOST_BYTES);
      const data = length >= 8 ? await memory.bytes(address, length) : undefined;
      for (let at = 0; data !== undefined && at + 8 <= data.length; at += 8) {
        const word = wordIn(data, at);
        if (!word || word % 8 !== 0 || !memory.region(word)) continue;
        const found = at === 0 ? path : `${path} + ${at}`;
        const others = channels.get(word);
        if (others) return [...waiting(others, `*(${found})`), ...(callback ? [callback] : [])];
        callback ??= await functionValue(memory, go, { address: word, path: found }, `*(${found})`);
        if (seen.size < MOST_OBJECTS && !seen.has(word)) {
          seen.add(word);
          next.push({ address: word, path: `*(${found})` });
        }
      }
    }
    level = next;
  }
  return callback ? [callback] : [];
}

function waiting(waiters: readonly ChannelWaiter[], found: string): Origin[] {
  return waiters.slice(0, 1).map(({ goroutine, frame }) => ({
    kind: 'goroutine',
    goroutine,
    function: printable(frame?.function ?? 'a function without a name'),
    ...(frame?.file === undefined ? {} : { file: printable(frame.file) }),
    ...(frame?.line === undefined ? {} : { line: frame.line }),
    found,
  }));
}

/** A function value begins with the address of the function's code: nothing else of Go's does. */
async function functionValue(
  memory: ProcessMemory,
  { image, table }: GoProcess,
  { address }: Object,
  found: string,
): Promise<Origin | undefined> {
  const code = await memory.word(address);
  if (!code || !memory.isCode(code)) return undefined;
  const called = await table.functionAt(code - image.bias);
  if (called?.start !== code - image.bias || called.name.startsWith('runtime.')) return undefined;
  const [place] = await table.frames(called.start);
  return {
    kind: 'callback',
    function: printable(called.name),
    ...(place?.file === undefined ? {} : { file: printable(place.file) }),
    ...(place?.line === undefined ? {} : { line: place.line }),
    found,
  };
}
