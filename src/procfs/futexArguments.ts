import { argumentOf } from './syscall';

/** A word of memory that something waits for. */
export interface AwaitedFutex {
  readonly address: bigint;
  /** Its value when the wait began: a wait begins only where it is as expected. */
  readonly expected?: number;
  /** Only this process can wake it; absent where that is not told. */
  readonly own?: boolean;
  /** A lock whose word holds the tid of who has it (FUTEX_LOCK_PI). */
  readonly inherits?: boolean;
}

/** Operations of futex(2) that wait, by whether the word is a lock with an owner. */
const WAITS = new Map<number, boolean>([
  [0, false],
  [9, false],
  [11, false],
  [6, true],
  [13, true],
]);
const PRIVATE = 128;

/** Of a system call’s raw arguments; none where it waits for no futex, or for several (futex_waitv). */
export function awaitedFutexes(name: string | undefined, args: readonly string[]): readonly AwaitedFutex[] {
  const word = (index: number) => argumentOf(args, index);
  const low = (value: bigint) => Number(value & 0xffffffffn);
  if (name === 'futex_wait') {
    return [{ address: word(0), expected: low(word(1)), own: (low(word(3)) & PRIVATE) !== 0 }];
  }
  if (name !== 'futex') return [];
  const operation = low(word(1));
  const inherits = WAITS.get(operation & 127);
  if (inherits === undefined) return [];
  const own = (operation & PRIVATE) !== 0;
  return [inherits ? { address: word(0), own, inherits } : { address: word(0), expected: low(word(2)), own }];
}

interface FutexRequest {
  readonly operation: string;
  readonly address?: string;
  readonly operands?: readonly { readonly name: string; readonly value: string }[];
}

/** Of a FUTEX_WAIT or FUTEX_WAITV request, as its operands say it. */
export function futexesOfRequest({
  operation,
  address,
  operands = [],
}: FutexRequest): readonly AwaitedFutex[] {
  const value = (name: RegExp) => operands.find((operand) => name.test(operand.name))?.value;
  const own = value(/^futex flags$/)?.includes('PRIVATE') === true;
  if (operation === 'FUTEX_WAIT') {
    const expected = /^0x[0-9a-f]{1,16}$/.exec(value(/^value$/) ?? '')?.[0];
    if (address === undefined || !/^0x[0-9a-f]{1,16}$/.test(address)) return [];
    return [
      {
        address: BigInt(address),
        own,
        ...(expected === undefined ? {} : { expected: Number(BigInt(expected) & 0xffffffffn) }),
      },
    ];
  }
  if (operation !== 'FUTEX_WAITV') return [];
  return [...(value(/^waits for/) ?? '').matchAll(/(0x[0-9a-f]{1,16}) = (0x[0-9a-f]{1,16})/g)].map(
    ([, at = '0x0', expected = '0x0']) => ({
      address: BigInt(at),
      expected: Number(BigInt(expected) & 0xffffffffn),
    }),
  );
}
