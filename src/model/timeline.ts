import type { HistoryPoint } from './history';
import type { RequestState } from './request';

/** What the timeline page and the extension tell each other. Text may be the target's: the page shows it as text alone. */

/** A pending request of the moment that is shown. */
export interface Lane {
  readonly label: string;
  /** Where it stands, completing "it …". */
  readonly place: string;
  readonly state: RequestState;
  /** Seconds; absent where nothing tells. */
  readonly age?: number;
  /** It may be older. */
  readonly atLeast?: boolean;
}

export interface Shown {
  /** The process, and its host where that is another one. */
  readonly title: string;
  readonly state: 'starting' | 'live' | 'paused' | 'ended';
  /** The moment whose Sample the tree shows, milliseconds since 1970. */
  readonly at?: number;
  /** The answer, one sentence. */
  readonly answer: string;
  readonly severity?: 'info' | 'warning' | 'critical';
  /** Present once it was asked to be traced. */
  readonly tracing?: { readonly running: boolean; readonly words: string };
  /** Oldest first. */
  readonly lanes: readonly Lane[];
  /** Pending requests that have no lane here. */
  readonly more: number;
}

/** What is different between the two ends of a range. */
export interface Change {
  /** The moments that are compared, of those that are kept; milliseconds since 1970. */
  readonly from: number;
  readonly to: number;
  /** Lines. */
  readonly text: string;
}

export type ToPage =
  | { readonly kind: 'shown'; readonly shown: Shown }
  /** `whole` = all there are, for older ones were thinned out; else those that are new. */
  | { readonly kind: 'change'; readonly change: Change }
  | { readonly kind: 'points'; readonly whole: boolean; readonly points: readonly HistoryPoint[] };

export type FromPage =
  | { readonly kind: 'ready' }
  /** Show the moment at a time, milliseconds since 1970; with `from`, say also what has changed since then. */
  | { readonly kind: 'select'; readonly at: number; readonly from?: number }
  | { readonly kind: 'pause' }
  | { readonly kind: 'resume' }
  /** Begin to trace the process, and end it. */
  | { readonly kind: 'trace' }
  | { readonly kind: 'stop trace' }
  /** A picture of the charts, base64. */
  | { readonly kind: 'picture'; readonly png: string };
