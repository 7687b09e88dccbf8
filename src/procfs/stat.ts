import { decimal } from './numbers';

export interface Stat {
  readonly pid: number;
  /** As the task chose it: it may hold parentheses, spaces and line feeds. */
  readonly comm: string;
  readonly state: string;
  readonly ppid: number;
  readonly processGroup: number;
  /** PF_ flags of the task. */
  readonly flags: number;
  readonly kernelThread: boolean;
  /** An io-wq worker that is a thread of the process (5.12+). */
  readonly ioWorker: boolean;
  readonly threads: number;
  /** Clock ticks since boot. */
  readonly startTime: number;
  /** Clock ticks. */
  readonly userTime: number;
  readonly systemTime: number;
  readonly processor?: number;
  /** SCHED_ number. */
  readonly policy?: number;
}

const PF_IO_WORKER = 0x10;
const PF_KTHREAD = 0x200000;
/** proc_pid_stat(5) numbers the fields from 1; the first number after the name and the state is the fourth. */
const FIRST = 4;

/** /proc/PID/stat; undefined unless all fields up to the start time are whole. */
export function parseStat(text: string): Stat | undefined {
  const open = text.indexOf(' (');
  const close = text.lastIndexOf(')');
  if (open < 1 || close < open + 2 || text.length > close + 4096) {
    return undefined;
  }
  const fields = numbersFrom(text, close + 4);
  const number = (field: number): number | undefined => fields[field - FIRST];
  const pid = decimal(text.slice(0, open));
  const state = text.charAt(close + 2);
  const ppid = number(4);
  const processGroup = number(5);
  const flags = number(9);
  const userTime = number(14);
  const systemTime = number(15);
  const threads = number(20);
  const startTime = number(22);
  const processor = number(39);
  const policy = number(41);
  if (
    pid === undefined ||
    !/^[A-Za-z]$/.test(state) ||
    ppid === undefined ||
    processGroup === undefined ||
    flags === undefined ||
    userTime === undefined ||
    systemTime === undefined ||
    threads === undefined ||
    startTime === undefined ||
    number(23) === undefined
  ) {
    return undefined;
  }
  return {
    pid,
    comm: text.slice(open + 2, close),
    state,
    ppid,
    processGroup,
    flags,
    kernelThread: (flags & PF_KTHREAD) !== 0,
    ioWorker: (flags & PF_IO_WORKER) !== 0,
    threads,
    startTime,
    userTime,
    systemTime,
    ...(processor === undefined ? {} : { processor }),
    ...(policy === undefined ? {} : { policy }),
  };
}

const SPACE = 32;
const MINUS = 45;
const ZERO = 48;
/** Digits of the largest number the kernel prints here, a 64-bit one. */
const MOST_DIGITS = 20;

/**
 * The numbers from `start` on, each ended by one space; the list ends at the first word that is none. A loop over the
 * characters, for a process of a thousand threads has as many of these texts.
 */
function numbersFrom(text: string, start: number): number[] {
  const numbers: number[] = [];
  let value = 0;
  let digits = 0;
  let negative = false;
  for (let at = start; at <= text.length; at++) {
    const code = at < text.length ? text.charCodeAt(at) : SPACE;
    const digit = code - ZERO;
    if (digit >= 0 && digit <= 9) {
      if (++digits > MOST_DIGITS) break;
      value = value * 10 + digit;
    } else if (code === MINUS && digits === 0 && !negative) {
      negative = true;
    } else {
      if (digits === 0) break;
      numbers.push(negative ? -value : value);
      if (code !== SPACE) break;
      value = 0;
      digits = 0;
      negative = false;
    }
  }
  return numbers;
}
