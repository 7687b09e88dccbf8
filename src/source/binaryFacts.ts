import type { BinaryResult } from './binaries';
import type { Image } from './unwind/images';

/** What is to be known of a binary beside the frames in it. */
export interface BinaryFacts {
  /** Nothing lies at its path by now, or another file. */
  readonly replaced: boolean;
  readonly buildId?: string;
  readonly debug: 'present' | 'none' | 'of another build' /** Not opened: `why` says so. */ | 'unknown';
  /** It, or its debug file, has names of functions beyond those that other binaries call. */
  readonly named: boolean;
  readonly why?: string;
}

const OTHER_BUILD = /(?:belongs to|is of) another build$/;

export async function factsOf({ deleted }: Image, result: BinaryResult): Promise<BinaryFacts> {
  if (!result.lines) return { replaced: deleted, debug: 'unknown', named: false, why: result.why };
  const { lines } = result;
  const buildId = await lines.elf.buildId();
  const hasInfo = await lines.hasInfo();
  const isOther = lines.troubles.some((trouble) => OTHER_BUILD.test(trouble));
  return {
    replaced: deleted,
    debug: hasInfo ? 'present' : isOther ? 'of another build' : 'none',
    named: await lines.isNamed(),
    ...(buildId === undefined ? {} : { buildId }),
  };
}
