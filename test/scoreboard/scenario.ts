import type { Severity } from '../../src/model/sample';
import type { Actor } from '../real/support/actor';
import type { NeedName } from '../real/support/rights';
import type { Running } from '../real/support/victim';

/** What the first finding must be, written from the known cause: its severity, and words it must have. */
export interface Right {
  readonly severity: Severity | readonly Severity[];
  readonly says: readonly RegExp[];
  /** Where there are several faults: each must be in a sentence as grave as the first. */
  readonly also?: readonly RegExp[];
  /** Lesser faults beside: each must be in the sentence of some finding. */
  readonly besides?: readonly RegExp[];
}

/** What a scenario can use; all that it takes is given back when it has ended. */
export interface Stage extends Running {
  /** Who starts the program and inspects it. */
  readonly who: Actor;
}

/** A process in a state whose cause is known, for the inspector is held to it. */
export interface Scenario extends Right {
  readonly name: string;
  readonly needs?: readonly NeedName[];
  /** Starts everything and resolves to the process to inspect, once it stands where it shall. */
  readonly stage: (stage: Stage) => Promise<number>;
  /** What is right where an ordinary user inspects a process of his own; absent: only root does. */
  readonly ordinary?: Right;
  /** Nothing is wrong with the process: any finding above info is a false alarm. */
  readonly healthy?: true;
}

export class Skipped extends Error {}
