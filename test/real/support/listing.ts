import type { Sample } from '../../../src/model/sample';
import type { Actor } from './actor';
import { inspect } from './inspect';
import { startTruth } from './truth';
import type { Running } from './victim';

const known = new Map<Actor['name'], string | undefined>();

/** Whether requests are listed one by one at all, beyond what fdinfo prints. */
function lists(sample: Sample): boolean {
  return sample.requests.some(
    ({ sources }) => sources.includes('ring memory') || sources.includes('kernel walk'),
  );
}

/** Skips where this inspector lists requests neither from ring memory nor from the kernel's; asked once for each actor. */
export async function skipUnlessListing(running: Running, who: Actor): Promise<void> {
  if (!known.has(who.name)) {
    const { pid } = await startTruth(running, who, 'polls');
    const sample = await inspect(who, pid);
    const reason = `the inspector of ${who.name} lists requests neither from ring memory nor from the kernel's`;
    known.set(who.name, lists(sample) ? undefined : reason);
  }
  const reason = known.get(who.name);
  if (reason !== undefined) running.skip(reason);
}
