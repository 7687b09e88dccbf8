import type { ProcessName, Sample } from '../model/sample';
import { parseComm } from '../procfs/comm';
import { parseStatus } from '../procfs/status';
import type { Target } from '../target/target';
import { textOf } from './text';

/** Threads whose own numbers are asked for, and processes that a number is looked for among. */
const MOST_THREADS = 4096;
const MOST_PROCESSES = 5000;

/** The process's threads by their numbers in its own PID namespace, which are those that its memory may hold. */
export async function threadsByOwnNumber(
  target: Target,
  { process, tasks }: Pick<Sample, 'process' | 'tasks'>,
): Promise<ReadonlyMap<number, ProcessName>> {
  const names = tasks.map(({ tid, name }) => [tid, { pid: tid, name }] as const);
  if (!isNested(process)) return new Map(names);
  const asked = names.slice(0, MOST_THREADS);
  const files = await target.read(asked.map(([tid]) => `/proc/${process.pid}/task/${tid}/status`));
  return new Map(
    asked.flatMap(([, thread], index) => {
      const number = parseStatus(textOf(files[index]) ?? '').nsPid?.at(-1);
      return number === undefined ? [] : [[number, thread] as const];
    }),
  );
}

/** Other processes by their numbers in the process's own PID namespace; of a nested one, those alone that are not nested deeper. */
export async function othersByOwnNumber(
  target: Target,
  { process }: Pick<Sample, 'process'>,
  numbers: readonly number[],
): Promise<ReadonlyMap<number, ProcessName>> {
  if (numbers.length === 0) return new Map();
  const found = isNested(process)
    ? await inNamespace(target, process, numbers)
    : numbers.map((number) => [number, number] as const);
  const comms = await target.read(found.map(([, pid]) => `/proc/${pid}/comm`));
  return new Map(
    found.flatMap(([number, pid], index) => {
      const name = parseComm(textOf(comms[index]) ?? '');
      return name === undefined ? [] : [[number, { pid, name }] as const];
    }),
  );
}

type Pids = Sample['process'];

export function isNested({ namespacePids = [] }: Pids): boolean {
  return namespacePids.length > 1;
}

/** The pids here of numbers there. */
async function inNamespace(
  target: Target,
  { pid: own, namespacePids = [] }: Pids,
  numbers: readonly number[],
): Promise<(readonly [number: number, pid: number])[]> {
  const [listing] = await target.list(['/proc']);
  const entries = listing?.ok ? listing.entries : [];
  const pids = entries.flatMap(({ name }) => (/^\d{1,10}$/.test(name) ? [Number(name)] : []));
  const asked = pids.slice(0, MOST_PROCESSES);
  const files = await target.read(asked.map((pid) => `/proc/${pid}/status`));
  const alike = asked.flatMap((pid, index) => {
    const { nsPid = [] } = parseStatus(textOf(files[index]) ?? '');
    const number = nsPid.length === namespacePids.length ? nsPid.at(-1) : undefined;
    return number !== undefined && numbers.includes(number) ? [[number, pid] as const] : [];
  });
  // Other containers have the same numbers.
  const links = await target.link([own, ...alike.map(([, pid]) => pid)].map((pid) => `/proc/${pid}/ns/pid`));
  const [mine, ...theirs] = links.map((link) => (link.ok ? link.target : undefined));
  return alike.filter((_, index) => mine !== undefined && theirs[index] === mine);
}
