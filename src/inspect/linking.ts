import type { KernelLayout } from '../kernel/layout';
import type { Sample } from '../model/sample';
import type { Target } from '../target/target';

/** Adds to a Sample what links it to the program's source: SampleLinker.link, here or in a thread of its own. */
export type Link = (target: Target, sample: Sample, options: LinkOptions) => Promise<Sample>;

export interface LinkOptions {
  /** An earlier linked Sample of the same process. */
  readonly previous?: Sample | undefined;
  readonly layout?: KernelLayout | undefined;
  /** The look is given up, and with it what it links: that rejects soon, or comes all the same. */
  readonly signal?: AbortSignal | undefined;
  /** Is given the linked Sample once more where more of it is known later; absent where nobody wants to know. */
  readonly late?: ((linked: Sample) => void) | undefined;
}

/** How a look links its Sample. */
export interface Linking {
  readonly link: Link;
  /** Milliseconds that the look waits for it; absent = until it is done. */
  readonly patience?: number;
  /** Is given what was not done by then; where it is absent, the Sample says that it was not. */
  readonly late?: (linked: Sample) => void;
}

/** What has been linked by the end of patience; `sample` itself where that is nothing yet, or where its look was given up. */
export function linkWithin(
  sample: Sample,
  linked: Promise<Sample>,
  { patience, late }: Linking,
  signal?: AbortSignal,
): Promise<Sample> {
  if (patience === undefined) return linked;
  return new Promise((resolve, reject) => {
    let open = true;
    const soFar = late ? sample : unlinked(sample, `it took more than ${patience / 1000} s`);
    const timer = setTimeout(() => settle(() => resolve(soFar)), patience);
    const giveUp = () => settle(() => resolve(sample));
    signal?.addEventListener('abort', giveUp, { once: true });
    function settle(how: () => void): void {
      open = false;
      clearTimeout(timer);
      signal?.removeEventListener('abort', giveUp);
      how();
    }
    linked.then(
      (done) => {
        if (open) settle(() => resolve(done));
        else if (!signal?.aborted) late?.(done);
      },
      (error: unknown) => {
        if (open) settle(() => reject(error));
      },
    );
  });
}

/** The Sample as it is, with the reason why it says no more. */
export function unlinked(sample: Sample, why: string): Sample {
  const row = {
    what: 'where the program waits in its source',
    why: `reading its binaries has failed: ${why}`,
  };
  return { ...sample, notVisible: [...sample.notVisible, row] };
}
