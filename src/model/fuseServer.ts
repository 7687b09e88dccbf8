import type { ProcessName } from './resource';
import type { Task } from './sample';

/** The server of a FUSE file system that owes answers, and what it does itself meanwhile. */
export interface FuseServer extends ProcessName {
  /** Its first 64 threads. */
  readonly tasks: readonly Task[];
  /** Those of them that are inside a system call on a file of the file system that the server serves. */
  readonly onOwnMount: readonly OwnCall[];
}

export interface OwnCall {
  readonly tid: number;
  /** As the call, or the descriptor it names, has it. */
  readonly path: string;
}
