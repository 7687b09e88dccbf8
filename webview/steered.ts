import type { Columns } from './columns';
import type { Plots } from './plots';
import type { TimeWindow } from './window';

/** What a pointer and the keyboard steer. Times are milliseconds since 1970. */
export interface Steered {
  readonly held: Columns;
  readonly plots: Plots;
  /** Where the cursor stands; else the moment that the tree shows; undefined = neither. */
  readonly at: number | undefined;
  /** Puts the cursor somewhere; undefined = nowhere. */
  point(at: number | undefined): void;
  /** Changes what part of the time is looked at. */
  look(change: (time: TimeWindow) => void): void;
  /** Shows a moment in the tree. */
  select(at: number): void;
  /** A range fills the picture, its end is the moment to see, and what has changed in it is told. */
  choose(one: number, other: number): void;
  /** Back to the whole time. */
  unrange(): void;
  /** Says something to who does not see it. */
  say(words: string): void;
}
