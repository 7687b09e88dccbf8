import type { KernelFrame } from '../model/sample';
import type { KernelIndex, KernelPlace } from './kernelIndex';
import { sourceNames } from './kernelNames';

/** Frames to either side that tell where a function belongs. */
const NEAR = 4;
/** A neighbour with more places than this tells nothing. */
const FEW = 3;
const ARCHITECTURES: readonly (readonly [RegExp, string])[] = [
  [/^(?:x86_64|i[3-6]86)$/, 'x86'],
  [/^(?:aarch64|arm64)/, 'arm64'],
  [/^arm/, 'arm'],
  [/^ppc/, 'powerpc'],
  [/^s390/, 's390'],
  [/^riscv/, 'riscv'],
  [/^loongarch/, 'loongarch'],
  [/^mips/, 'mips'],
];

/** Only 64-bit hosts are inspected. */
const OTHER_WIDTH = /_32\.[chS]$/;

export interface KernelQuestion {
  readonly frame: KernelFrame;
  /** The stack that the frame is of, innermost first. */
  readonly stack: readonly KernelFrame[];
  /** Of its host, as `uname -m` prints it. */
  readonly arch: string;
}

/** Where a frame's function is defined. `fitting` holds one where the stack tells which; the others follow in `rest`. */
export interface KernelChoice {
  readonly fitting: readonly KernelPlace[];
  readonly rest: readonly KernelPlace[];
}

export function choosePlace(index: KernelIndex, question: KernelQuestion): KernelChoice {
  const all = placesOf(index, question.frame.function);
  const own = candidates(all, question.arch);
  const near = neighbours(index, question);
  const scored = own.map((place) => ({ place, score: scoreOf(place, question.frame, near) }));
  const best = Math.max(...scored.map(({ score }) => score));
  const fitting = scored.flatMap(({ place, score }) => (score === best ? [place] : []));
  return { fitting, rest: all.filter((place) => !fitting.includes(place)) };
}

/** Of the likeliest name that is defined at all. */
function placesOf(index: KernelIndex, symbol: string): readonly KernelPlace[] {
  for (const name of sourceNames(symbol)) {
    const found = index.find(name);
    if (found.length > 0) return found;
  }
  return [];
}

/** Without other architectures' and without what only stands in for a part that is not built, where anything is left. */
function candidates(all: readonly KernelPlace[], arch: string): readonly KernelPlace[] {
  const own = ARCHITECTURES.find(([pattern]) => pattern.test(arch))?.[1];
  const here = ({ file }: KernelPlace) => {
    const of = /^arch\/([^/]+)\//.exec(file)?.[1];
    return of === undefined || of === own;
  };
  const kept = orAll(orAll(all, here), ({ file }) => !/nommu/.test(file));
  const wide = orAll(kept, ({ file }) => !OTHER_WIDTH.test(file));
  const real = orAll(wide, ({ stub }) => !stub);
  return orAll(real, ({ file }) => !file.endsWith('.h'));
}

function orAll(
  places: readonly KernelPlace[],
  fits: (place: KernelPlace) => boolean,
): readonly KernelPlace[] {
  const kept = places.filter(fits);
  return kept.length > 0 ? kept : places;
}

/** Files of the functions around the frame, where few have the name; the nearest first. */
function neighbours(index: KernelIndex, { frame, stack, arch }: KernelQuestion): readonly string[] {
  const at = stack.indexOf(frame);
  if (at < 0) return [];
  const near = stack
    .map((other, place) => ({ other, distance: Math.abs(place - at) }))
    .filter(({ distance }) => distance > 0 && distance <= NEAR)
    .sort((a, b) => a.distance - b.distance);
  return near.flatMap(({ other }) => {
    const places = candidates(placesOf(index, other.function), arch);
    return places.length <= FEW ? places.map(({ file }) => file) : [];
  });
}

/** A module's own folder outweighs any neighbour; of those the one with the longest way in common counts. */
function scoreOf({ file }: KernelPlace, { module }: KernelFrame, near: readonly string[]): number {
  const shared = near.map((other) => commonFolders(file, other));
  return (module !== null && isOfModule(file, module) ? 100 : 0) + Math.max(0, ...shared);
}

function commonFolders(file: string, other: string): number {
  const [a, b] = [file.split('/'), other.split('/')];
  const different = a.findIndex((part, at) => part !== b[at]);
  return different < 0 ? a.length : different;
}

/** `xfs` → fs/xfs/, `nvme_tcp` → drivers/nvme/host/tcp.c, `dm_mod` → drivers/md/dm.c. */
function isOfModule(file: string, module: string): boolean {
  const name = module.replaceAll('-', '_').replace(/_mod$/, '');
  const parts = file
    .replace(/\.\w$/, '')
    .split('/')
    .map((part) => part.replaceAll('-', '_'));
  const last = parts.at(-1) ?? '';
  return parts.some((part) => part === name || name === `${part}_${last}`);
}
