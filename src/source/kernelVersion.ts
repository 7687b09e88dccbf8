import type { Host } from '../model/sample';

export interface KernelVersion {
  /** A tag of the stable tree: `v6.1.115`; `v6.12` for 6.12.0. */
  readonly tag: string;
  /** False where a vendor builds from a tree of its own: that is then the nearest stable version. */
  readonly exact: boolean;
}

/** Vendors whose releases say on which version they began, years of changes ago. */
const FORKED = /\.el\d|\.uek|el\duek|-\d{6}\.\d|-(?:azure|aws|gcp|gke|oracle|ibm|raspi|lowlatency|generic)\b/;
/** Parts of a release that name nothing but a build of the stable version itself. */
const PLAIN = /^(?:-(?:dirty|\d+-g[0-9a-f]+|rc\d+|next-\d+|arch\d+-\d+))*\+?$/;

/** What to look for in the upstream sources; undefined where the release is no kernel's. */
export function kernelVersion({
  kernel,
  stable,
}: Pick<Host, 'kernel' | 'stable'>): KernelVersion | undefined {
  const own = stable === undefined ? undefined : numbers(stable);
  if (own) return { tag: tagOf(own), exact: false };
  const found = numbers(kernel);
  if (!found) return undefined;
  const rest = kernel.slice(found.text.length);
  // 6.9.0-rc3 itself, and 6.12.0-0.rc3.20241016git2f87d0916ce0.31.fc42 of Fedora.
  const candidate = found.sublevel === 0 ? /^-(?:0\.)?rc(\d{1,3})(?!\d)/.exec(rest)?.[1] : undefined;
  if (candidate !== undefined)
    return { tag: `${tagOf(found)}-rc${Number(candidate)}`, exact: PLAIN.test(rest) };
  return { tag: tagOf(found), exact: PLAIN.test(rest) };
}

/** True where the release tells little of the source: its vendor keeps the number and changes the code. */
export function isForked({ kernel, stable }: Pick<Host, 'kernel' | 'stable'>): boolean {
  return stable === undefined && FORKED.test(kernel);
}

/** The version a tree says it has, in the first lines of its Makefile. */
export function treeVersion(makefile: string): string | undefined {
  const value = (name: string): string | undefined =>
    new RegExp(`^${name}[ \\t]*=[ \\t]*(\\d{1,3})[ \\t]*$`, 'm').exec(makefile.slice(0, 1024))?.[1];
  const [version, patchLevel, sublevel] = ['VERSION', 'PATCHLEVEL', 'SUBLEVEL'].map(value);
  if (version === undefined || patchLevel === undefined) return undefined;
  const extra = /^EXTRAVERSION[ \t]*=[ \t]*-rc(\d{1,3})/m.exec(makefile.slice(0, 1024))?.[1];
  const tag = tagOf({ major: Number(version), minor: Number(patchLevel), sublevel: Number(sublevel ?? 0) });
  return extra === undefined ? tag : `${tag}-rc${extra}`;
}

interface Numbers {
  readonly major: number;
  readonly minor: number;
  readonly sublevel: number;
}

function numbers(text: string): (Numbers & { readonly text: string }) | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})(?:\.(\d{1,3}))?(?:\.\d{1,3})?(?![\d.])/.exec(text);
  if (!match) return undefined;
  const [whole, major, minor, sublevel] = match;
  return { text: whole, major: Number(major), minor: Number(minor), sublevel: Number(sublevel ?? 0) };
}

function tagOf({ major, minor, sublevel }: Numbers): string {
  return `v${major}.${minor}${sublevel === 0 ? '' : `.${sublevel}`}`;
}
