import { printable } from '../model/printable';
import type { Request, Sample } from '../model/sample';
import { resourceOf } from './sampleIndex';
import { grouped, joined, resourceName } from './words';

/** Of requests that stand behind held ones, those that are about other files. */
export interface OtherFiles {
  readonly count: number;
  /** "40 of those for other files", "all for other files"; empty where none is, or it cannot be told. */
  readonly text: string;
  /** ": /srv/a, /srv/b and 2 more"; empty with `text`. */
  readonly names: string;
}

const NONE: OtherFiles = { count: 0, text: '', names: '' };

/** How many files are named. */
const MOST = 3;

/** Nothing is said where it is not known of each of `held` what it is about: one of them may be about the same file. */
export function otherFiles(sample: Sample, behind: readonly Request[], held: readonly Request[]): OtherFiles {
  const taken = new Set(held.map((request) => subjectOf(sample, request)?.key));
  if (taken.size === 0 || taken.has(undefined)) return NONE;
  const names = new Map<string, string>();
  let count = 0;
  let files = true;
  for (const request of behind) {
    const subject = subjectOf(sample, request);
    if (subject === undefined || taken.has(subject.key)) continue;
    count += 1;
    files &&= subject.file;
    names.set(subject.key, subject.name);
  }
  if (count === 0) return NONE;
  const what = `for ${names.size === 1 ? 'another' : 'other'} ${files ? 'file' : 'descriptor'}${names.size === 1 ? '' : 's'}`;
  const share = count < behind.length ? `${grouped(count)} of those` : behind.length === 1 ? '' : 'all';
  const shown = [...names.values()].slice(0, MOST);
  if (names.size > MOST) shown.push(`${grouped(names.size - MOST)} more`);
  return { count, text: [share, what].filter(Boolean).join(' '), names: `: ${joined(shown)}` };
}

interface Subject {
  /** The same for all descriptors of one file. */
  readonly key: string;
  readonly name: string;
  readonly file: boolean;
}

function subjectOf(sample: Sample, request: Request): Subject | undefined {
  const resource = resourceOf(sample, request);
  const path = resource?.path ?? request.path;
  if (path !== undefined) return { key: path, name: printable(path, 200), file: true };
  if (!resource) return undefined;
  return { key: resource.link ?? `fd ${resource.fd}`, name: resourceName(resource), file: false };
}
