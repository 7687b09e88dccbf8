import type { FutexWord, Request, Sample, Task } from '../model/sample';
import { awaitedFutexes, futexesOfRequest } from '../procfs/futexArguments';
import type { Target } from '../target/target';
import { othersByOwnNumber, threadsByOwnNumber } from './ownNumbers';

/** Words that are read. */
const MOST_WORDS = 256;
/** Bytes: the word, and of a mutex of the C library what follows. */
const LENGTH = 12;

const WAITERS = 0x80000000;
const TID = 0x3fffffff;
/** Of a mutex of glibc: locked and waited for; then a count and the tid of who has it (struct __pthread_mutex_s). */
const CONTENDED = 2;
const OWNER_AT = 8;

interface Waited {
  readonly address: bigint;
  readonly expected?: number;
  readonly inherits?: boolean;
}

/** What waits for a word of memory: addresses, each once. */
export function awaitedWords({ tasks, requests }: Pick<Sample, 'tasks' | 'requests'>): Waited[] {
  const words = [...tasks.flatMap(ofTask), ...requests.flatMap(ofRequest)];
  return [...new Map(words.map((word) => [word.address, word])).values()].slice(0, MOST_WORDS);
}

function ofTask({ state, syscall }: Task): readonly Waited[] {
  return state === 'S' ? awaitedFutexes(syscall?.name, syscall?.args ?? []) : [];
}

function ofRequest(request: Request): readonly Waited[] {
  return request.state === 'waiting' ? futexesOfRequest(request) : [];
}

/**
 * Each word as it is now, and who holds the lock that it is: certain where the kernel or a robust mutex keeps the tid in the word,
 * otherwise by the shape of the C library’s mutex.
 */
export async function readFutexes(target: Target, sample: Sample): Promise<FutexWord[]> {
  const waited = awaitedWords(sample);
  const results = await target.memory(
    sample.process.pid,
    waited.map(({ address }) => ({ address, length: LENGTH })),
    { limit: LENGTH },
  );
  // Tids in words are the program’s own numbers.
  const threads = await threadsByOwnNumber(target, sample);
  const found = waited.flatMap((word, index) => {
    const result = results[index];
    if (!result?.ok || result.data.length < 4) return [];
    const value = result.data.readUInt32LE(0);
    const owner = ownerIn(word, value, result.data, threads);
    return [{ address: `0x${word.address.toString(16)}`, value, owner }];
  });
  const strangers = found.flatMap(({ owner }) => (owner && !threads.has(owner) ? [owner] : []));
  const others = await othersByOwnNumber(target, sample, [...new Set(strangers)]);
  return found.map(({ address, value, owner }): FutexWord => {
    const holder = owner === undefined ? undefined : (threads.get(owner) ?? others.get(owner));
    return { address, value, ...(holder ? { holder } : {}) };
  });
}

/** The tid that the word has. */
function ownerIn(
  { expected, inherits }: Waited,
  value: number,
  bytes: Buffer,
  threads: ReadonlyMap<number, unknown>,
): number | undefined {
  const tid = value & TID;
  if (inherits) return tid === 0 ? undefined : tid;
  if (expected !== value) return undefined;
  if ((value & WAITERS) !== 0) return threads.has(tid) ? tid : undefined;
  if (value !== CONTENDED || bytes.length < LENGTH) return undefined;
  const owner = bytes.readUInt32LE(OWNER_AT);
  return threads.has(owner) ? owner : undefined;
}
