import type { RingGeometry } from './geometry';
import type { RingHeader } from './header';

/** A ring as it was read: its header, its entries, and its header once more. */
export interface RingImage {
  readonly geometry: RingGeometry;
  readonly before: RingHeader;
  readonly after: RingHeader;
  readonly ring: Buffer;
  readonly sqes: Buffer;
  /** False: where it stands was found by its looks alone. */
  readonly exact: boolean;
}

/** What other sources say of the ring. */
export interface RingHints {
  /** As `uname -m` says it: some O_ flags differ. */
  readonly arch?: string;
  /** Names of its IORING_SETUP_ flags without that prefix, where the kernel's memory tells them: they win. */
  readonly setup?: readonly string[];
  /** The kernel's own count of SQEs taken (fdinfo's CachedSqHead): the ring's is set at the end of a batch. */
  readonly cachedSqHead?: number;
  /** CQEs on the kernel's overflow list (fdinfo's CqOverflowList). */
  readonly overflowed?: readonly { readonly userData: bigint }[];
}
