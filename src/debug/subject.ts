import type { HostId } from '../inspect/hostId';
import type { Sample } from '../model/sample';
import type { SourceFileMap } from '../source/sourcePaths';
import type { Followed, Started } from './services';

/** What a session is about. */
export type Subject = (Live | Saved) & { readonly sourceFileMap: SourceFileMap };

export interface Live {
  readonly kind: 'live';
  readonly host: HostId;
  readonly followed: Followed;
  /** The program, where the session has started it. */
  readonly started?: Started;
}

/** Stands still for ever. */
export interface Saved {
  readonly kind: 'saved';
  readonly path: string;
  readonly sample: Sample;
}
