import { parseStatus } from '../procfs/status';
import type { Target } from '../target/target';
import type { Leader } from './process';
import type { Reader, Way } from './reader';
import { Structure } from './structure';

/**
 * The PID namespace whose numbers the inspector and its /proc use, where it is not the outermost (a dev container): its depth
 * and its struct pid_namespace.
 */
export interface Numbering {
  readonly level: number;
  readonly namespace: bigint;
}

/** Bytes of a struct upid: a number and the namespace that it is of. */
const UPID = 16;
const NAMESPACE_AT = 8;

/**
 * By which numbers the reader knows the tasks of a process; 'outermost' where they are the kernel's own. Undefined where /proc
 * shows another process by the pid: it belongs to another PID namespace than the probe.
 */
export async function numberingOf(
  target: Target,
  reader: Reader,
  leader: Leader,
  pid: number,
): Promise<Numbering | 'outermost' | undefined> {
  if (target.foreignPids) return undefined;
  if (leader.level === 0) return leader.pid === pid ? 'outermost' : undefined;
  const [file] = await target.read([`/proc/${pid}/status`]);
  const { nsPid = [pid] } = file?.ok ? parseStatus(file.data.toString('latin1')) : {};
  const level = leader.level - (nsPid.length - 1);
  if (level < 0) return undefined;
  const start = reader.layout.needed.pidNumbers[0];
  const length = (leader.level + 1) * UPID;
  const [numbers] = await reader.structures([{ address: leader.pidAddress, start, length }]);
  if (!nsPid.every((number, index) => numbers?.number(numberAt(start, level + index)) === number))
    return undefined;
  return level === 0 ? 'outermost' : { level, namespace: numbers?.pointer(namespaceAt(start, level)) ?? 0n };
}

/** The way to what a task is called, from a pointer to it. */
export function wayToNumber({ layout: { needed }, numbering }: Reader, from: bigint, toTask: number[]): Way {
  if (!numbering) return { from, steps: toTask, last: needed.taskPid[0], length: needed.taskPid[1] };
  const start = needed.pidLevel[0];
  const length = needed.pidNumbers[0] + (numbering.level + 1) * UPID - start;
  return { from, steps: [...toTask, needed.taskPidPointer[0]], last: start, length };
}

/** The number at the end of such a way; 0 for a task that the reader’s namespace has not. */
export function numberAtEnd({ layout: { needed }, numbering }: Reader, data: Buffer): number {
  if (!numbering) return data.readUInt32LE(0);
  const pid = new Structure(0n, data, needed.pidLevel[0]);
  const [start] = needed.pidNumbers;
  const { level, namespace } = numbering;
  const isInside =
    pid.number(needed.pidLevel) >= level && pid.pointer(namespaceAt(start, level)) === namespace;
  return isInside ? pid.number(numberAt(start, level)) : 0;
}

/** What tasks are called, by their addresses; 0 for one that has gone or that the reader’s namespace has not. */
export async function taskNumbers(reader: Reader, tasks: readonly bigint[]): Promise<number[]> {
  const found = await reader.records(tasks.map((task) => wayToNumber(reader, task, [])));
  return found.map((record) => (record ? numberAtEnd(reader, record.data) : 0));
}

function numberAt(start: number, level: number): readonly [number, number] {
  return [start + level * UPID, 4];
}

function namespaceAt(start: number, level: number): readonly [number, number] {
  return [start + level * UPID + NAMESPACE_AT, 8];
}
