import type { RequestState } from '../../../src/model/sample';
import type { Actor } from './actor';
import { linesUntil, type Running, type Started, start } from './victim';

/** What `truth` or `churn` of test/victims says of one of its requests; it knows, for it filled the SQE. */
export interface TruthRow {
  /** Descriptor of its ring; null where that was closed. */
  readonly ring: number | null;
  readonly user_data: string;
  readonly operation: string;
  /** null where the operation has none, or a registered file. */
  readonly fd: number | null;
  readonly fixed: number | null;
  /** Absent where the operation has no such field. */
  readonly offset?: number;
  readonly length?: number;
  readonly address?: string;
  /** Where the descriptor's file is; absent for pipes, sockets and their like. */
  readonly path?: string;
  readonly flags: readonly string[];
  readonly state: RequestState;
  /** States that are right as well. */
  readonly alternatives: readonly RequestState[];
  readonly result?: number;
  readonly operands: Readonly<Record<string, string>>;
  /** Tid; null where the SQPOLL thread submits. */
  readonly submitter: number | null;
}

export interface ToldTruth {
  readonly pid: number;
  /** Other processes that hold the same rings. */
  readonly also: readonly number[];
  readonly setup: readonly string[];
  readonly rows: readonly TruthRow[];
}

export interface TruthVictim extends ToldTruth {
  readonly victim: Started;
}

interface LastLine {
  readonly ready?: boolean;
  readonly unsupported?: string;
  readonly pid: number;
  readonly also: readonly number[];
  readonly setup: readonly string[];
}

/**
 * Starts `truth SCENE …` as `who` and waits until all is in place. It is ended when the test is; the test is skipped by
 * the program's own reason when the scene cannot be had here. `words`: the path that a scene takes, then set-up words.
 */
export function startTruth(
  running: Running,
  who: Actor,
  scene: string,
  words: readonly string[] = [],
): Promise<TruthVictim> {
  return told(running, start(running, who, 'truth', [scene, ...words]));
}

/** The same of `churn unique|reused SECONDS …`, whose other requests come and go. */
export function startChurn(
  running: Running,
  who: Actor,
  names: 'unique' | 'reused',
  seconds: number,
  words: readonly string[] = [],
): Promise<TruthVictim> {
  return told(running, start(running, who, 'churn', [names, String(seconds), ...words]));
}

async function told(running: Running, victim: Started): Promise<TruthVictim> {
  return { victim, ...truthFrom(running, await linesUntil(victim, isLastOfTruth)) };
}

export function isLastOfTruth(line: string): boolean {
  return /^\{"(ready|unsupported)":/.test(line);
}

/** What `truth` has said; skips the test by the program's own reason when the scene cannot be had. */
export function truthFrom(running: Running, lines: readonly string[]): ToldTruth {
  const last = JSON.parse(lines.at(-1) ?? '') as LastLine;
  if (last.unsupported !== undefined) return running.skip(last.unsupported);
  const rows = lines.slice(0, -1).map((line) => JSON.parse(line) as TruthRow);
  return { pid: last.pid, also: last.also, setup: last.setup, rows };
}
