import { printable } from '../../model/printable';
import { type ProcessMemory, wordIn } from '../origin/processMemory';
import type { Image } from '../unwind/images';

/** The second and third of Go's reasons to wait, in all versions: the list is known by them. */
const SECOND = 'GC assist marking';
const THIRD = 'IO wait';
const LONGEST = 64;
const MOST = 80;
/** Bytes of a binary's data that are searched, and of one read. */
const MOST_SEARCHED = 16 << 20;
const PART = 1 << 19;

/** The words for why goroutines wait (`runtime.waitReasonStrings`), by number; they differ from version to version of Go. */
export async function waitReasons(memory: ProcessMemory, image: Image): Promise<readonly string[]> {
  let left = MOST_SEARCHED;
  for (const { start, end, executable } of memory.regionsIn(image.start, image.end)) {
    if (executable) continue;
    for (let at = start; at < end && left > 0; at += PART - OVERLAP) {
      const data = await memory.bytes(at, Math.min(PART, end - at));
      left -= PART;
      if (data === undefined) break;
      for (let from = 16; from + 32 <= data.length; from += 8)
        if (data.readUInt32LE(from + 8) === SECOND.length && data.readUInt32LE(from + 24) === THIRD.length) {
          const found = await reasonsAt(memory, data, from);
          if (found) return readReasons(memory, at + from - 16);
        }
    }
  }
  return [];
}

const OVERLAP = 64;

async function reasonsAt(memory: ProcessMemory, data: Buffer, at: number): Promise<boolean> {
  const second = await textAt(memory, data, at);
  return second === SECOND && (await textAt(memory, data, at + 16)) === THIRD;
}

async function readReasons(memory: ProcessMemory, address: number): Promise<string[]> {
  const data = await memory.bytes(address, MOST * 16);
  const reasons: string[] = [''];
  for (let at = 16; data && at + 16 <= data.length; at += 16) {
    const reason = await textAt(memory, data, at);
    if (reason === undefined) break;
    reasons.push(printable(reason));
  }
  return reasons;
}

async function textAt(memory: ProcessMemory, data: Buffer, at: number): Promise<string | undefined> {
  const [address, length] = [wordIn(data, at), wordIn(data, at + 8)];
  if (!address || !length || length > LONGEST || memory.region(address)?.constant !== true) return undefined;
  const text = (await memory.bytes(address, length))?.toString('latin1');
  return text !== undefined && /^[\x20-\x7e]+$/.test(text) ? text : undefined;
}
