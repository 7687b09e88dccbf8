import type { HostId } from '../inspect/hostId';
import type { Inspection } from '../inspect/inspection';
import type { ProcessSummary } from '../model/process';
import type { Sample } from '../model/sample';

/** An inspection that a session follows; an Inspection is one. */
export type Followed = Pick<
  Inspection,
  'pid' | 'snapshot' | 'onChange' | 'refresh' | 'pause' | 'resume' | 'setInterval' | 'dispose'
>;

export interface FollowOptions {
  /** Seconds between looks; absent = the door's own. */
  readonly interval?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Pairs of a folder of the binary's and where it is here, as `sourceFileMap` has them. */
  readonly sourceFileMap?: Readonly<Record<string, string>> | undefined;
}

/** A program that a session has started. */
export interface Started {
  readonly pid: number;
  /** Settles with its exit code, or the name of the signal that ended it; absent where it is not our child. */
  readonly ended?: Promise<number | string>;
  /** Ends it, where the user wants that. */
  end(): void;
}

export interface Program {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd?: string | undefined;
  /** null removes a variable. */
  readonly env?: Readonly<Record<string, string | null>> | undefined;
}

/** What a client says of a program that it has started in a terminal (`runInTerminal`). */
export interface InTerminal {
  readonly processId?: number | undefined;
  readonly shellProcessId?: number | undefined;
}

/** What a door gives a debug session to work with. All reject with a UserError. */
export interface DebugServices {
  /** Resolves after the first look, failed or not (`snapshot.problem`). */
  follow(host: HostId, pid: number, options: FollowOptions): Promise<Followed>;
  list(host: HostId, signal?: AbortSignal): Promise<readonly ProcessSummary[]>;
  /** How the user gets a list of all processes there: completes "Give its number as “pid”; ". */
  readonly listing: string;
  openSample(path: string): Promise<Sample>;
  /** Bytes of the process's memory from `address`; fewer where it ends. */
  memory(host: HostId, pid: number, address: bigint, length: number): Promise<Uint8Array>;
  /** Starts a program on this machine whose output is told to `output`. */
  start(program: Program, output: (category: 'stdout' | 'stderr', text: string) => void): Promise<Started>;
  /**
   * The program that the client has started for the session in a terminal of its own, once it is there: the client tells its pid, or
   * that of the shell whose child it is. Absent = such a program's end is not known, and it cannot be ended.
   */
  startedInTerminal?(told: InTerminal, program: Program, signal: AbortSignal): Promise<Started>;
  /** Where the file of a compiler's path is on this machine; undefined = nowhere. Never rejects. Absent = it is not looked for. */
  findSource?(file: string): Promise<string | undefined>;
  /** Lets go of what was opened for the session. */
  dispose(): void;
}
