export type ResourceKind =
  | 'file'
  | 'directory'
  | 'device'
  | 'pipe'
  | 'fifo'
  | 'mqueue'
  | 'socket'
  | 'io_uring'
  | 'epoll'
  | 'eventfd'
  | 'timerfd'
  | 'signalfd'
  | 'inotify'
  | 'fanotify'
  | 'pidfd'
  | 'userfaultfd'
  | 'memfd'
  | 'anonymous'
  | 'unknown';

export interface ProcessName {
  readonly pid: number;
  readonly name: string;
}

export interface Resource {
  readonly fd: number;
  readonly kind: ResourceKind;
  /** What the descriptor's link says, for what has no path: `pipe:[123]`. */
  readonly link?: string;
  readonly path?: string;
  readonly deleted?: boolean;
  readonly mount?: string;
  readonly fsType?: string;
  readonly source?: string;
  /** `major:minor` of the file system, or of the device itself. */
  readonly device?: string;
  /** The block device's name in /sys/block, where the file lives on one: `nvme0n1p2`. */
  readonly blockDevice?: string;
  /** Access mode and flags of the open file: `O_RDWR`, `O_DIRECT`. */
  readonly openFlags?: readonly string[];
  readonly inode?: number;
  /** Who serves it: the FUSE server. */
  readonly holder?: ProcessName;
  /**
   * Who holds the other end of a pipe, FIFO, socket, message queue or terminal, empty = nobody; of a ring the other processes that
   * hold it. Of all but pipes only where somebody waits for it.
   */
  readonly peers?: readonly ProcessName[];
  /** This end of a pipe. */
  readonly end?: 'read' | 'write' | 'both';
  readonly socket?: SocketInfo;
  /** Descriptors an epoll set watches, in its own numbering. */
  readonly watches?: readonly number[];
  /** eventfd's count, as hex. */
  readonly count?: string;
  /** timerfd: seconds until it fires; 0 = disarmed. */
  readonly timeLeft?: number;
  /** pidfd: the process it stands for. */
  readonly target?: number;
  /** FUSE requests the server has not answered. */
  readonly waiting?: number;
  /** overlay: the file systems it is made of, each once, the upper one first. */
  readonly layers?: readonly Layer[];
  /** The locks of the file that this process waits for. */
  readonly awaitedLocks?: readonly FileLock[];
}

export interface SocketInfo {
  readonly protocol: 'tcp' | 'tcp6' | 'udp' | 'udp6' | 'unix' | 'unknown';
  /** TCP's names: ESTABLISHED, LISTEN, SYN_SENT…; for unix sockets LISTENING, CONNECTED, UNCONNECTED. */
  readonly state?: string;
  readonly local?: string;
  readonly peer?: string;
  /** Bytes sent and not acknowledged; for a listener nothing. */
  readonly sendQueue?: number;
  /** Bytes received and not read; for a listener connections not accepted. */
  readonly receiveQueue?: number;
  readonly retransmits?: number;
  readonly type?: 'stream' | 'datagram' | 'seqpacket';
  /** Of one that connects, or is connected and was not accepted: who listens there on this host. */
  readonly listener?: Listener;
  /** Seconds since data last came, or since it was connected. */
  readonly sinceReceived?: number;
  /** Bytes that its other end on this host has received and not read. */
  readonly peerUnread?: number;
  /** Unanswered questions to a TCP peer that had no room, whether it has some now. */
  readonly probes?: number;
}

/** A listening socket of this host that a connection goes to. */
export interface Listener {
  readonly name?: string;
  /** Connections that it has not accepted, and how many may be so. */
  readonly waiting?: number;
  readonly limit?: number;
  /** Empty where they cannot be told. */
  readonly holders: readonly ProcessName[];
}

export interface BlockDevice {
  /** Name in /sys/block: `nvme0n1`. */
  readonly name: string;
  /** `major:minor`. */
  readonly device?: string;
  /** Its partitions that the process's files, or devices made of them, are on. */
  readonly partitions?: readonly string[];
  /** Requests inside the device now. */
  readonly inFlightReads?: number;
  readonly inFlightWrites?: number;
  /** Requests it has finished since boot: it moves when this moves. */
  readonly completed?: number;
  /** Requests it has finished since the look before; absent in a first look. */
  readonly finished?: number;
  /** True once it was removed from the machine between two looks. */
  readonly gone?: boolean;
  /** Names of the disks that a device-mapper or RAID device is made of. */
  readonly members?: readonly string[];
  /** loop: the file behind it. */
  readonly backingFile?: string;
  /** loop: what that file lies on. */
  readonly backing?: Backing;
  readonly suspended?: boolean;
  readonly mapperName?: string;
  /** Who made a device-mapper device, from its uuid: `LVM`, `CRYPT`, `mpath`. */
  readonly mapperKind?: string;
  readonly raid?: RaidState;
  /** nbd: the process that connects it to its server. */
  readonly client?: ProcessName;
  readonly vendor?: string;
  readonly model?: string;
  /** SCSI's or NVMe's word for it: running and live are well; offline, blocked, resetting, dead are not. */
  readonly state?: string;
  readonly readOnly?: boolean;
  readonly rotational?: boolean;
  /** The I/O scheduler that is chosen. */
  readonly scheduler?: string;
  readonly size?: number;
}

/** The file system below a loop device's file. */
export type Backing = Pick<
  Resource,
  'mount' | 'fsType' | 'source' | 'device' | 'blockDevice' | 'holder' | 'waiting' | 'deleted'
>;

/** A directory that an overlay is made of, and the file system it lies on. */
export interface Layer extends Backing {
  readonly directory: string;
  /** What is changed is written there. */
  readonly upper?: boolean;
}

/** What a task is inside of by its path, not by a descriptor: in a mkdir or an open, or for a request that it carries. */
export interface NamedFile extends Backing {
  /** Tid of the task. */
  readonly task: number;
  /** Absolute; no link on the way is followed. Absent where only the mount is sure. */
  readonly path?: string;
  /** Of what names two, a rename or a link: the second one. */
  readonly newPath?: string;
  /** overlay: what it is made of. */
  readonly layers?: readonly Layer[];
  /** The path stood in the program's memory after it had been handed over: it may have been another one. */
  readonly later?: boolean;
}

/** A child of the process, where something waits for one. */
export interface ChildProcess extends ProcessName {
  /** The letter of /proc/PID/stat. */
  readonly state: string;
  /** Its process group, as its parent's pid namespace has it. */
  readonly group?: number;
  /** Its pid as its parent's pid namespace has it, where that is another one. */
  readonly ownPid?: number;
}

/** A word of the process's memory that something waits for (a futex), as it is now. */
export interface FutexWord {
  readonly address: string;
  /** Its 32 bits. */
  readonly value: number;
  /** The thread that holds the lock which the word is, by its tid. */
  readonly holder?: ProcessName;
}

/** Of an md device, in the words of /sys/block/NAME/md. */
export interface RaidState {
  readonly level?: string;
  /** clean, active, readonly, write-pending, suspended… */
  readonly state?: string;
  /** Members that are missing. */
  readonly degraded?: number;
  /** idle, resync, recover, check, reshape, frozen. */
  readonly action?: string;
}

/** A mount whose data another host or process supplies, with what the kernel counts of its calls. */
export interface RemoteMount {
  readonly mount: string;
  readonly fsType: string;
  /** As the mounter named it: `10.0.0.1` of `10.0.0.1:/export`. */
  readonly server?: string;
  readonly exported?: string;
  /** The address that is really used. */
  readonly address?: string;
  /** Options that decide how long it waits and whom it asks: `hard`, `timeo=600`, `vers=4.2`. */
  readonly options: readonly string[];
  /** NFS only. */
  readonly calls?: RemoteCalls;
}

/** RPC statistics of a mount since `age`, summed over its connections. */
export interface RemoteCalls {
  /** Seconds since the mount. */
  readonly age?: number;
  /** With answers to the server's own calls and what was sent twice: `answered` may stay behind for ever. */
  readonly sent: number;
  readonly answered: number;
  /** Calls that wait for their answer now, and that could not be sent yet; of all mounts from that server (5.14+). */
  readonly pending?: number;
  readonly unsent?: number;
  /** Answers to no call: to one given up, or sent twice. */
  readonly unknownAnswers: number;
  /** Calls sent again because no answer came in time. */
  readonly timeouts: number;
  /** Seconds since the connection was last used, the shortest of several. */
  readonly idle?: number;
  /** The three operations with the most timeouts, the most first. */
  readonly slow: readonly { readonly operation: string; readonly timeouts: number }[];
}

/** The control group a process is in, with what holds it back there or in a group above. */
export interface Cgroup {
  readonly path: string;
  /** The group, it or one above, that was told to freeze; absent = none. */
  readonly frozenBy?: string;
  readonly limits: readonly CgroupLimit[];
}

/** A limit that is set: io.max `254:0 riops=1`, cpu.max `20000 100000`. */
export interface CgroupLimit {
  /** The group that has it. */
  readonly path: string;
  readonly file: string;
  readonly limit: string;
  /** What the group uses of it, in the limit's own unit: memory.current, pids.current. */
  readonly used?: string;
}

/** A frozen file system that somebody waits for, with what tells who froze it. */
export interface FrozenFileSystem {
  readonly mount: string;
  readonly fsType: string;
  readonly source?: string;
  /** `major:minor`. */
  readonly device: string;
  /**
   * program = by FIFREEZE (fsfreeze, a backup); disk = through its block device (a snapshot, a suspended device); kernel = by the
   * kernel itself (the machine is being suspended). Absent where the kernel's memory does not tell.
   */
  readonly by?: 'program' | 'disk' | 'kernel';
  /** Processes whose business it is, or that have its root directory open: the kernel keeps no name. */
  readonly suspects: readonly ProcessName[];
}

/** A file lock that somebody waits for, from /proc/locks. */
export interface FileLock {
  /** FLOCK, POSIX, OFDLCK, LEASE. */
  readonly type: string;
  readonly access: string;
  readonly range: string;
  /** Absent for a lock that belongs to an open file and not to a process (OFDLCK), or is held from another namespace. */
  readonly holder?: ProcessName;
}
