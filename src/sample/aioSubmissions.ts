import type { AioRequest, AioSubmission, Task } from '../model/sample';
import { IOCB_BYTES, type Iocb, readIocb } from '../ring/iocb';
import type { Target } from '../target/target';

/** By the address of their context. */
export type AioSubmissions = ReadonlyMap<string, readonly AioSubmission[]>;

/** Threads, and requests of one, that are looked at. */
const MOST_THREADS = 64;
const MOST_REQUESTS = 64;
const POINTER = 8;

/**
 * What the threads inside io_submit hand over: the call's arguments lead to it in the program's own memory, which it may change
 * meanwhile. Rejects only when the target is gone.
 */
export async function readSubmissions(
  target: Target,
  pid: number,
  tasks: readonly Task[],
): Promise<AioSubmissions> {
  const calls = tasks.flatMap(callOf).slice(0, MOST_THREADS);
  const found = new Map<string, AioSubmission[]>();
  if (calls.length === 0) return found;
  const lists = await target.memory(
    pid,
    calls.map(({ list, count }) => ({ address: list, length: POINTER * Math.min(count, MOST_REQUESTS) })),
  );
  const asked = calls.flatMap(({ task }, index) => {
    const list = lists[index];
    const pointers = list?.ok ? Math.floor(list.data.length / POINTER) : 0;
    return Array.from({ length: pointers }, (_, at) => ({
      task,
      iocb: list?.ok ? list.data.readBigUInt64LE(POINTER * at) : 0n,
    }));
  });
  const iocbs = await target.memory(
    pid,
    asked.map(({ iocb }) => ({ address: iocb, length: IOCB_BYTES })),
  );
  const requests = asked.flatMap(({ task, iocb }, index) => {
    const bytes = iocbs[index];
    const request = bytes?.ok ? readIocb(bytes.data) : undefined;
    return request ? [{ task, request: requestFrom(iocb, request) }] : [];
  });
  for (const { task, context, count } of calls) {
    const own = requests.filter((one) => one.task === task).map(({ request }) => request);
    found.set(context, [...(found.get(context) ?? []), { task, count, requests: own }]);
  }
  return found;
}

interface Call {
  readonly task: number;
  readonly context: string;
  readonly count: number;
  /** Where the pointers to its iocbs stand. */
  readonly list: bigint;
}

function callOf({ tid, state, syscall }: Task): Call[] {
  if (state === 'R' || syscall?.name !== 'io_submit') return [];
  const [context, count, list] = syscall.args;
  if (context === undefined || count === undefined || list === undefined) return [];
  const many = Number(count);
  const sane = Number.isSafeInteger(many) && many > 0;
  return sane ? [{ task: tid, context, count: many, list: BigInt(list) }] : [];
}

function requestFrom(address: bigint, { operation, fd, offset, length, data }: Iocb): AioRequest {
  const moves = /^P(READ|WRITE)/.test(operation);
  return {
    operation,
    fd,
    ...(moves ? { offset } : {}),
    ...(moves && !operation.endsWith('V') ? { length } : {}),
    userData: `0x${data.toString(16)}`,
    iocb: `0x${address.toString(16)}`,
    certainty: 'inferred',
  };
}
