import type { Resource, Sample } from '../model/sample';
import { type Asked, foreseeing, withoutSearch } from '../target/foresight';
import type { Target } from '../target/target';

/** What looks asked, by what they were: looks at what moves alone, whole ones, and those that searched all processes as well. */
export type LookKind = 'further' | 'whole' | 'searching';

type Looks = { readonly [Kind in LookKind]?: Asked };

/** By the list of resources, which a Sample hands on to the copies that are made of it. */
const looks = new WeakMap<readonly Resource[], Looks>();

/** Takes a look that asks in its first round trip what the last look of its kind asked. */
export async function foreseen<S extends Sample | undefined>(
  target: Target,
  pid: number,
  previous: Sample | undefined,
  kind: LookKind,
  look: (target: Target) => Promise<S>,
): Promise<S> {
  if (target.frozen) return look(target);
  const before = previous ? (looks.get(previous.resources) ?? {}) : {};
  const view = foreseeing(target.origin ?? target, pid, before[kind] ?? instead(before, kind));
  const sample = await look(view.target);
  if (sample) looks.set(sample.resources, { ...before, [kind]: view.asked() });
  return sample;
}

function instead({ searching, whole }: Looks, kind: LookKind): Asked | undefined {
  if (kind === 'searching') return whole;
  return kind === 'whole' && searching ? withoutSearch(searching) : undefined;
}
