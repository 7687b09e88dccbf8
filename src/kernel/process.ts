import { DESCRIPTOR_SLOT, type FindWay, type KernelMemory } from '../target/kernelMemory';
import type { KernelLayout } from './layout';
import { taskNumbers } from './numbering';
import { MOST, type Reader, refusal } from './reader';
import { Structure, stretch } from './structure';

/** First task of a process, found through a pidfd. */
export interface Leader {
  readonly task: bigint;
  /** As the host's outermost namespace numbers it. */
  readonly pid: number;
  /** Its struct pid, and how deep its PID namespace is: 0 = the outermost. */
  readonly pidAddress: bigint;
  readonly level: number;
  /** Of the process and of the program it runs: another one after exec, or where the pid was used again. */
  readonly process: string;
  readonly program: string;
  readonly files: bigint;
  readonly signal: bigint;
}

export interface Thread {
  readonly task: bigint;
  /** As the reader's namespace numbers it; 0 = it is not visible there. */
  readonly tid: number;
  /** As the host's outermost namespace numbers it. */
  readonly pid: number;
  /** Its io_uring_task, 0 = it never used io_uring. */
  readonly tctx: bigint;
}

/** Descriptors of a process: the file of each, and the lowest descriptor of each file. */
export interface FileTable {
  readonly files: readonly bigint[];
  readonly descriptors: ReadonlyMap<bigint, number>;
}

const LEADER = [
  'taskPid',
  'taskTgid',
  'taskPidPointer',
  'taskPidLinks',
  'taskStartTime',
  'taskExecId',
  'taskMemory',
  'taskFiles',
  'taskSignal',
] as const;
const THREAD = ['taskPid', 'taskTgid', 'taskThreadNode', 'taskIoUring'] as const;

/** PIDTYPE_TGID (4.19+), and bytes of an hlist_head and an hlist_node. */
const TGID = 1;
const HLIST_HEAD = 8;
const HLIST_NODE = 16;
/** Threads and descriptors that are looked at. */
const MOST_DESCRIPTORS = 131_072;

/** A leader, or the errno: ESRCH where no process has the pid. */
export async function findLeader(
  memory: KernelMemory,
  layout: KernelLayout,
  pid: number,
): Promise<Leader | string> {
  const { start, length } = stretch(layout, LEADER);
  let errno = 'ESRCH';
  for (const inPidfd of pidfdShapes(layout)) {
    const answer = await memory.find(pid, wayToLeader(layout, inPidfd, start, length));
    const refused = refusal(answer);
    if (refused !== undefined) return refused;
    if (!answer.ok) {
      errno = answer.errno === 'EFAULT' ? errno : answer.errno;
      continue;
    }
    const task = new Structure(answer.address - BigInt(start), answer.data, start);
    const level = await levelOfLeader(memory, layout, task);
    if (level !== undefined) return leaderFrom(layout, task, level);
  }
  return errno;
}

/** Where a pidfd's file holds the pid: its inode (6.9+), or itself. Either may be wrong on a kernel between. */
function pidfdShapes(layout: KernelLayout): (readonly number[])[] {
  const { fileInode, inodePrivate, filePrivate } = layout.needed;
  const shapes = [[fileInode[0], inodePrivate[0]], [filePrivate[0]]];
  return layout.optional.pidInode ? shapes : shapes.reverse();
}

function wayToLeader(
  { needed }: KernelLayout,
  inPidfd: readonly number[],
  start: number,
  length: number,
): FindWay {
  const toFile = [needed.taskFiles[0], needed.filesTable[0], needed.tableFiles[0], DESCRIPTOR_SLOT] as const;
  const toTask = needed.pidTasks[0] + TGID * HLIST_HEAD;
  const node = needed.taskPidLinks[0] + TGID * HLIST_NODE;
  return { steps: [...toFile, ...inPidfd, toTask], last: start - node, length };
}

/**
 * How deep the task's pid is, where that has this task as the first of its process: otherwise it is a word that only looks
 * like a task.
 */
async function levelOfLeader(
  memory: KernelMemory,
  { needed }: KernelLayout,
  task: Structure,
): Promise<number | undefined> {
  const first = [needed.pidTasks[0] + TGID * HLIST_HEAD, HLIST_HEAD] as const;
  const start = Math.min(first[0], needed.pidLevel[0]);
  const length = Math.max(first[0] + first[1], needed.pidLevel[0] + needed.pidLevel[1]) - start;
  const way = { from: task.pointer(needed.taskPidPointer), steps: [], last: start, length };
  const [answer] = await memory.chase([way]);
  if (!answer?.ok) return undefined;
  const pid = new Structure(way.from, answer.data, start);
  const node = task.address + BigInt(needed.taskPidLinks[0] + TGID * HLIST_NODE);
  return pid.pointer(first) === node ? pid.number(needed.pidLevel) : undefined;
}

function leaderFrom({ needed }: KernelLayout, task: Structure, level: number): Leader {
  return {
    task: task.address,
    pid: task.number(needed.taskTgid),
    pidAddress: task.pointer(needed.taskPidPointer),
    level,
    process: `${task.address} ${task.pointer(needed.taskStartTime)}`,
    program: `${task.pointer(needed.taskMemory)} ${task.raw(needed.taskExecId)}`,
    files: task.pointer(needed.taskFiles),
    signal: task.pointer(needed.taskSignal),
  };
}

export async function readThreads(reader: Reader, leader: Leader): Promise<Thread[]> {
  const { layout } = reader;
  const { start, length } = stretch(layout, THREAD);
  const [records = []] = await reader.lists([
    {
      name: 'threads of the process',
      head: leader.signal + BigInt(layout.needed.signalThreads[0]),
      buckets: 1,
      stride: 0,
      next: 0,
      circular: true,
      node: layout.needed.taskThreadNode[0] - start,
      length,
      most: MOST,
    },
  ]);
  return threadsFrom(
    reader,
    records.map(({ address, data }) => new Structure(address - BigInt(start), data, start)),
  );
}

/** Tasks by their addresses; those that have gone are left out. */
export async function readTasks(reader: Reader, tasks: readonly bigint[]): Promise<Thread[]> {
  const { start, length } = stretch(reader.layout, THREAD);
  const found = await reader.structures(
    tasks.map((address) => ({ address, start, length })),
    'tasks that use the ring',
  );
  return threadsFrom(
    reader,
    found.filter((task): task is Structure => task !== undefined),
  );
}

async function threadsFrom(reader: Reader, tasks: readonly Structure[]): Promise<Thread[]> {
  const { needed } = reader.layout;
  const numbers = reader.numbering
    ? await taskNumbers(
        reader,
        tasks.map(({ address }) => address),
      )
    : tasks.map((task) => task.number(needed.taskPid));
  return tasks.map((task, index) => ({
    task: task.address,
    tid: numbers[index] ?? 0,
    pid: task.number(needed.taskTgid),
    tctx: task.pointer(needed.taskIoUring),
  }));
}

/** A process that is ending has none. */
export async function readFileTable(reader: Reader, leader: Leader): Promise<FileTable> {
  const { tableSize, tableFiles, filesTable } = reader.layout.needed;
  const { start, length } = stretch(reader.layout, ['tableSize', 'tableFiles']);
  const none = { files: [], descriptors: new Map() };
  if (leader.files === 0n) return none;
  const [record] = await reader.records(
    [{ from: leader.files, steps: [filesTable[0]], last: start, length }],
    'descriptors of the process',
  );
  if (record === undefined) return none;
  const table = new Structure(record.address - BigInt(start), record.data, start);
  const count = Math.min(table.number(tableSize), MOST_DESCRIPTORS);
  const [array] = await reader.structures(
    [{ address: table.pointer(tableFiles), length: count * 8 }],
    'descriptors of the process',
  );
  const files: bigint[] = [];
  const descriptors = new Map<bigint, number>();
  for (let fd = 0; fd < count; fd++) {
    const file = array?.pointer([fd * 8, 8]) ?? 0n;
    files.push(file);
    if (file !== 0n && !descriptors.has(file)) descriptors.set(file, fd);
  }
  return { files, descriptors };
}
