/**
 * The vocabulary of the product. A Sample is what one look at one process found: plain data that
 * survives JSON. Times are seconds, sizes bytes, 64-bit values lower-case hex strings with `0x`;
 * an absent field is unknown. These names are the published contract of schema 1.
 */

import type { AioContext } from './aio';
import type { FuseServer } from './fuseServer';
import type { Goroutines } from './goroutine';
import type { BufferGroup, RegisteredBuffer, RegisteredFile } from './registered';
import type { Request } from './request';
import type {
  BlockDevice,
  Cgroup,
  ChildProcess,
  FileLock,
  FrozenFileSystem,
  FutexWord,
  NamedFile,
  ProcessName,
  RemoteMount,
  Resource,
} from './resource';

export type { AioContext, AioRequest, AioSubmission } from './aio';
export type { FileCall, FuseServer } from './fuseServer';
export type { GoroutineFd, GoroutineGroup, GoroutineState, Goroutines } from './goroutine';
export type { BufferGroup, RegisteredBuffer, RegisteredFile } from './registered';
export type { Certainty, Operand, Origin, Request, RequestState, Source } from './request';
export type {
  Backing,
  BlockDevice,
  Cgroup,
  CgroupLimit,
  ChildProcess,
  FileLock,
  FrozenFileSystem,
  FutexWord,
  Layer,
  Listener,
  NamedFile,
  ProcessName,
  RaidState,
  RemoteCalls,
  RemoteMount,
  Resource,
  ResourceKind,
  SocketInfo,
} from './resource';
export type { Latency, TracedOperation, TracedRequest, TraceLosses, TraceSummary } from './trace';

import type { TraceSummary } from './trace';

export const SCHEMA = 1;

export interface Sample {
  readonly schema: number;
  /** Wall clock of the target's host, ISO 8601 with milliseconds. */
  readonly takenAt: string;
  readonly host: Host;
  /** Seconds since boot when the counters of its rings were read, which a look comes to later than to the clock; absent = not apart. */
  readonly countedAt?: number;
  readonly rights: Rights;
  readonly process: Process;
  readonly tasks: readonly Task[];
  /** Of a Go program; absent where it is none, or its memory does not tell. */
  readonly goroutines?: Goroutines;
  readonly rings: readonly Ring[];
  readonly requests: readonly Request[];
  /** The io-wq of each thread that has one; absent where only the kernel's memory would tell. */
  readonly workerPools?: readonly WorkerPool[];
  /** Contexts of Linux AIO, the interface before io_uring; absent where it has none. */
  readonly aio?: readonly AioContext[];
  readonly resources: readonly Resource[];
  /** What its tasks wait with by a path: nothing of it is open. */
  readonly namedFiles?: readonly NamedFile[];
  /** Block devices behind the process's files, with their counters. */
  readonly devices?: readonly BlockDevice[];
  /** The file locks and leases it waits for, of files it has not open, too. */
  readonly awaitedLocks?: readonly FileLock[];
  /** Where a task waits for a userfaultfd: the processes that hold one with unresolved faults. */
  readonly faultHandlers?: readonly ProcessName[];
  /** What the FUSE servers do that owe answers to it, or for the disks below its files. */
  readonly fuseServers?: readonly FuseServer[];
  /** The file systems that its tasks wait for because they are frozen. */
  readonly frozen?: readonly FrozenFileSystem[];
  /** Where something waits for a child: its children. */
  readonly children?: readonly ChildProcess[];
  /** The words of memory that something waits for. */
  readonly futexes?: readonly FutexWord[];
  /** The network mounts its files are on. */
  readonly remoteMounts?: readonly RemoteMount[];
  /** Absent where it is in no control group but the root. */
  readonly cgroup?: Cgroup;
  /** What its rings did right before, where they were traced. */
  readonly trace?: TraceSummary;
  /** Ordered by importance: the first is the answer. */
  readonly findings: readonly Finding[];
  readonly notVisible: readonly Blindness[];
}

export interface Host {
  readonly name: string;
  /** The release, as `uname -r` prints it. */
  readonly kernel: string;
  /** The stable version it was built from, where the release does not tell: 6.1.115 of Debian's 6.1.0-27-amd64, 6.8.12 of Ubuntu's 6.8.0-45-generic. */
  readonly stable?: string;
  readonly arch: string;
  /** Seconds since boot when the sample was taken. */
  readonly uptime?: number;
  /** Seconds of them that the scheduler's clock has counted: none while the host was suspended. */
  readonly awake?: number;
  readonly cpus?: number;
  /** Tasks of the whole machine that the kernel counts as waiting for I/O at this moment (procs_blocked of /proc/stat). */
  readonly ioWaiting?: number;
  /** Microseconds since boot in which some task of the machine, or all that were not idle, waited for I/O (PSI, 4.20+). */
  readonly ioPressure?: { readonly some: number; readonly full?: number };
}

export interface Rights {
  /** Effective user of the inspector on the target's host. */
  readonly uid: number;
  readonly kernelStacks: boolean;
  readonly kernelWalk: boolean;
  readonly tracing: boolean;
}

export interface Process {
  readonly pid: number;
  /** Clock ticks since boot (/proc/PID/stat field 22): with the pid it names one process for ever. */
  readonly startTime?: number;
  readonly name: string;
  readonly command: readonly string[];
  readonly executable?: string;
  /** The container it runs in as the inspector sees it: null where it runs in none, or in an unnamed one together with the inspector. */
  readonly container?: string | null;
  readonly uid?: number;
  readonly user?: string;
  readonly state?: TaskState;
  /** Pid of the process that has attached with ptrace. */
  readonly tracer?: number;
  /** Pids from the outermost namespace to the process's own (status NSpid). */
  readonly namespacePids?: readonly number[];
  /** The processor numbers it may run on, as the kernel prints them: `0-3,8`. */
  readonly cpusAllowed?: string;
  /** The same of one of its io-wq workers, and how many processes its user may have (RLIMIT_NPROC); only where it has very many workers. */
  readonly workerCpusAllowed?: string;
  readonly maxProcesses?: number;
  /** Seconds since it was started. */
  readonly age?: number;
}

/** The letter of /proc/PID/stat: R S D T t Z X I P. */
export type TaskState = string;

/** thread = the program's own; worker = io-wq; sqpoll = the kernel's submission thread. */
export type TaskKind = 'thread' | 'worker' | 'sqpoll';

export interface Task {
  readonly tid: number;
  readonly name: string;
  readonly kind: TaskKind;
  readonly state: TaskState;
  readonly wchan?: string;
  /** Seconds since it last ran on a processor, as exact as the clocks of the processors agree; absent while it runs. */
  readonly blocked?: number;
  /** When it last ran, in seconds on the clock of its processor: the same in two looks = it has not run between them. */
  readonly lastRan?: number;
  /** Innermost first. Absent where the right to read it is missing. */
  readonly kernelStack?: readonly KernelFrame[];
  /** Innermost first, inlined frames as frames of their own. Absent where it was not asked for, or could not be told: see `userStackNote`. */
  readonly userStack?: readonly UserFrame[];
  /** Why there is no user stack, or why it ends early: completes "its stack …". */
  readonly userStackNote?: string;
  readonly blockedOn?: BlockedOn;
  /** The system call a thread is inside of; never given for io-wq workers, where the kernel's value is stale. */
  readonly syscall?: SystemCall;
  /** Operation an io-wq worker or a submitting thread is carrying out, from the `io_…` frame of its stack; without one, what all that it can carry has in common. */
  readonly operation?: string;
}

export interface SystemCall {
  readonly number: number;
  /** Absent where the number is not known for the architecture. */
  readonly name?: string;
  /** The six raw arguments. */
  readonly args: readonly string[];
  /** The path it is about, as the program's memory has it now. */
  readonly path?: string;
  /** The socket address it connects or sends to, as the program's memory has it now. */
  readonly address?: string;
  /** The descriptors that poll waits for, where they are few, as the program's memory has them now. */
  readonly polls?: readonly number[];
}

export interface KernelFrame {
  readonly function: string;
  /** Bytes from the start of the function. */
  readonly offset: number;
  /** Bytes the function is long. */
  readonly size: number;
  readonly module: string | null;
}

/** proven = found with unwind tables from known registers, or confirmed by the code itself; probable = guessed from the stack. */
export type Trust = 'proven' | 'probable';

/** A place in the program's source. */
export interface SourcePlace {
  /** As the compiler was given it, made absolute. */
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  /** MD5 of the file as the compiler saw it, 32 hex digits (DWARF 5, where the compiler gives it). */
  readonly md5?: string;
}

export interface UserFrame extends SourcePlace {
  /** With the namespaces and classes it is in; `0x1234 in libfoo.so` where nothing tells its name. */
  readonly function: string;
  /** Of the instruction that it will go on with; of inlined frames that of the frame they stand in. */
  readonly address: string;
  readonly trust: Trust;
  /** The binary as the process has it mapped, `[vdso]`; absent for code that no file holds. */
  readonly binary?: string;
  /** Seconds since 1970 when that file was last changed, on the target's host: a source changed later is not what it was made of. */
  readonly binaryModified?: number;
  /** The compiler has put its code into the next frame's. */
  readonly inlined?: boolean;
}

/** interruptible = any signal ends it; killable = only a fatal one; uninterruptible = nothing but the event itself. */
export type Wake = 'interruptible' | 'killable' | 'uninterruptible';

export interface BlockedOn {
  /** The frame that says why: scheduler and generic wait frames above it are skipped. */
  readonly function: string;
  readonly subsystem: string;
  /** Completes "it …": "waits for the FUSE server's answer". */
  readonly text: string;
  readonly wake: Wake;
  /** The file descriptor the wait is about, where the system call names one. */
  readonly fd?: number;
  /** True for the waits of a thread that has nothing to do: event loops, timers, idle workers. */
  readonly idle?: boolean;
}

export interface Ring {
  /** 1-based, in the order of the descriptors. */
  readonly id: number;
  readonly fd: number | null;
  /** Pid of the process whose descriptor it is. */
  readonly owner: number;
  readonly sqEntries?: number;
  readonly cqEntries?: number;
  readonly setup: readonly string[];
  readonly sqpollTid?: number | null;
  readonly sqpollCpu?: number | null;
  /** Microseconds the SQPOLL thread has run and worked (6.9+). */
  readonly sqpollTotalTime?: number;
  readonly sqpollWorkTime?: number;
  /** SQEs the kernel has taken (its own counter where it prints it), and published by the program. */
  readonly sqHead?: number;
  readonly sqTail?: number;
  /** CQEs the program has reaped, and posted by the kernel. */
  readonly cqHead?: number;
  readonly cqTail?: number;
  readonly overflowed?: number;
  /** SQEs taken and CQEs posted a second since the look before of the same inspection; absent of a first one. */
  readonly submittedRate?: number;
  readonly completedRate?: number;
  /** Submitted and not completed, from the counters; see `skew`. */
  readonly inFlight?: number;
  /** How many of `inFlight` stand as rows in `requests`, those in doubt not counted. */
  readonly explained?: number;
  /** Requests alive in the kernel by its own count, from the walk: allocated less free, a zero-copy send once. */
  readonly live?: number;
  /** Rows of `requests` that may as well be finished: their user_data was used again and the rings cannot tell. */
  readonly ambiguous?: number;
  /** In flight, but the slot of the SQE has been used again: no row can be made from ring memory. */
  readonly lost?: number;
  /** Bytes of an SQE and of a CQE; a ring of mixed sizes has the smaller one. */
  readonly sqeSize?: 64 | 128;
  readonly cqeSize?: 16 | 32;
  /** Why `inFlight` may be off: multishot completions, IOSQE_CQE_SKIP_SUCCESS. */
  readonly skew?: string;
  /** Slots of the tables of registered files and buffers, those not in use among them. */
  readonly registeredFiles?: number;
  readonly registeredBuffers?: number;
  /** Of the first 1,024 slots of each table those in use, by index; absent where no source lists them. */
  readonly fileSlots?: readonly RegisteredFile[];
  readonly bufferSlots?: readonly RegisteredBuffer[];
  /** Groups of provided buffers, by number; from the kernel walk alone. */
  readonly bufferGroups?: readonly BufferGroup[];
  /** The file with the most armed polls, where one has several; how their number went stands in it. */
  readonly polls?: ArmedPolls;
  /** Other descriptors of the process that are the same ring. */
  readonly duplicates?: readonly number[];
  /** Inode of the ring, when the kernel tells it apart from others. */
  readonly inode?: number;
  /** False when the kernel printed no counters because a task held the ring's lock. */
  readonly readable: boolean;
}

/** Polls armed on one and the same file of a ring, followed over the looks of an inspection for as long as they never get fewer. */
export interface ArmedPolls {
  /** The file, by its descriptor or by its index among the registered ones. */
  readonly fd?: number;
  readonly fixedFile?: number;
  readonly count: number;
  /** How many there were in the first of these looks, and its time; seconds since boot. */
  readonly from: number;
  readonly since?: number;
  /** When they were last compared, a second apart at least; seconds since boot. */
  readonly at?: number;
  /** Looks that found more than the one before. */
  readonly rises: number;
}

/** The io-wq workers of one thread (5.12+), which serve every ring that thread submits to. */
export interface WorkerPool {
  /** The thread, or the SQPOLL thread, whose requests they take. */
  readonly tid: number;
  /** For regular files and block devices, whose work ends by itself. */
  readonly bounded: WorkerAccount;
  /** For sockets, pipes and all that may wait for ever. */
  readonly unbounded: WorkerAccount;
}

export interface WorkerAccount {
  readonly workers: number;
  readonly limit: number;
  /** Requests that no worker has taken yet. */
  readonly queued: number;
}

export type Severity = 'info' | 'warning' | 'critical';

export interface Finding {
  readonly tag: string;
  readonly severity: Severity;
  /** The answer, one sentence. */
  readonly summary: string;
  readonly explanation: string;
  readonly remedy: string;
  readonly evidence: readonly Evidence[];
  /** Its page among the extension's files, relative to `media`. */
  readonly learnMore?: string;
  /** Requests this finding says are stuck; none is counted by two findings. */
  readonly stuck?: number;
}

/** `request` is an index into requests, `ring` a ring's id, `aio` the id of a context of Linux AIO. */
export type Evidence =
  | { readonly task: number }
  | { readonly request: number }
  | { readonly ring: number }
  | { readonly aio: number }
  | { readonly fd: number }
  | { readonly device: string };

/** root = the user of the process or root; a capability where that alone is enough, CAP_BPF together with CAP_PERFMON. */
export type MissingRight = 'root' | 'CAP_SYS_ADMIN' | 'CAP_BPF';

/** Something the inspector could not see. */
export interface Blindness {
  readonly what: string;
  readonly why: string;
  readonly remedy?: string;
  /** The right that would show it; absent where none would, or where the inspector runs none can be had. */
  readonly missing?: MissingRight;
}
