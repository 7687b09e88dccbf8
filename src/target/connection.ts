import type { Readable, Writable } from 'node:stream';

/** A running probe at the end of two byte streams: a local child, and later sudo, SSH or a container. */
export interface Connection {
  readonly input: Writable;
  readonly output: Readable;
  /** Settles when the probe has ended, with the reason in words: "It ended with code 2: …". Never rejects. */
  readonly ended: Promise<string>;
  /** Closes the probe's stdin and, should it not end by itself soon, ends it. */
  close(): void;
}
