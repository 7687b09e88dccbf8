import { UserError } from '../../model/errors';
import type { LocalOptions } from '../local';
import type { ProbeTarget } from '../probeTarget';
import { thisMachine } from './command';
import type { Elevation } from './elevate';
import { openRemote } from './openRemote';

/**
 * This machine with root's rights. A probe that root alone can replace, or whose digest a rule of sudo names, is run where it is;
 * of any other, root gets a copy of its own. Rejects with a UserError.
 */
export async function openElevated(
  probePath: string,
  options: LocalOptions & { readonly elevation: Elevation },
): Promise<ProbeTarget> {
  const host = thisMachine();
  const wanted = { ...options, probes: () => probePath };
  try {
    return await openRemote(host, { ...wanted, probePath });
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== 'elevation-unsafe') throw error;
    return openRemote(host, wanted);
  }
}
