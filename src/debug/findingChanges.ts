import type { Evidence, Finding, Sample } from '../model/sample';

/** What one look found that the one before had not, and the other way round. */
export interface FindingChanges {
  readonly come: readonly Finding[];
  readonly gone: readonly Finding[];
}

export function findingChanges(before: Sample, now: Sample): FindingChanges {
  const left = [...before.findings];
  const come: Finding[] = [];
  for (const finding of now.findings) {
    const index = left.findIndex((other) => isSame(other, finding));
    if (index < 0) come.push(finding);
    else left.splice(index, 1);
  }
  return { come, gone: left };
}

/** Numbers in a summary change at every look: findings of one tag are the same if they show one thing in common. */
function isSame(a: Finding, b: Finding): boolean {
  if (a.tag !== b.tag) return false;
  const [those, these] = [a, b].map(({ evidence }) => new Set(evidence.flatMap(keyOf)));
  if (!those || !these || those.size === 0 || these.size === 0) return true;
  return [...these].some((key) => those.has(key));
}

/** Requests are told by their place in the Sample, which is another in each. */
function keyOf(one: Evidence): readonly string[] {
  return 'request' in one ? [] : [Object.entries(one).join()];
}
