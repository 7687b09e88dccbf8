import type { ProcessName } from './resource';
import type { Task } from './sample';

/** The server of a FUSE file system that owes answers, and what it does itself meanwhile. */
export interface FuseServer extends ProcessName {
  /** Its first 64 threads. */
  readonly tasks: readonly Task[];
  /** The files of the system calls they are inside of, where a path or a descriptor tells. */
  readonly calls: readonly FileCall[];
}

export interface FileCall {
  readonly tid: number;
  /** As the call, or the descriptor it names, has it. */
  readonly path: string;
  /** It lies on the file system that the server serves. */
  readonly ownMount?: boolean;
}
