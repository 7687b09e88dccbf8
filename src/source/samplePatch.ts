import type { Sample } from '../model/sample';

/** What a copy of a Sample has otherwise: whole fields, and of lists of one length the items by their index. */
export interface SamplePatch {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly items: Readonly<Record<string, readonly (readonly [index: number, item: unknown])[]>>;
}

/** `after` was made from `before`, with which it shares what it has not changed. */
export function patchBetween(before: Sample, after: Sample): SamplePatch {
  const fields: Record<string, unknown> = {};
  const items: Record<string, (readonly [number, unknown])[]> = {};
  for (const [name, value] of Object.entries(after)) {
    const old: unknown = Reflect.get(before, name);
    if (old === value) continue;
    if (Array.isArray(value) && Array.isArray(old) && value.length === old.length)
      items[name] = value.flatMap((item: unknown, index) => (item === old[index] ? [] : [[index, item]]));
    else fields[name] = value;
  }
  return { fields, items };
}

/** The copy, made from the Sample at hand: what is not in the patch stays the very same objects. */
export function patched(sample: Sample, { fields, items }: SamplePatch): Sample {
  const lists: Record<string, unknown> = {};
  for (const [name, changes] of Object.entries(items)) {
    const old: unknown = Reflect.get(sample, name);
    if (!Array.isArray(old) || changes.length === 0) continue;
    const list: unknown[] = [...old];
    for (const [index, item] of changes) list[index] = item;
    lists[name] = list;
  }
  return { ...sample, ...fields, ...lists };
}
