import type { Blindness } from '../model/sample';
import type { Target } from '../target/target';
import { parseBtf } from './btf';
import { type KernelLayout, layoutFrom, layoutFromJson, layoutToJson } from './layout';
import { badTypes, noKernelMemory, noTypes, refusedBy, unknownKernel } from './trouble';

/** Where layouts are kept between runs. Neither rejects: what cannot be kept is made anew. */
export interface LayoutCache {
  /** Undefined for what is not there. */
  load(key: string): Promise<string | undefined>;
  save(key: string, text: string): Promise<void>;
}

export type OpenedLayout =
  | { readonly ok: true; readonly layout: KernelLayout }
  | { readonly ok: false; readonly blindness: Blindness };

const TYPES = '/sys/kernel/btf/vmlinux';
/** Bytes; kernels have about 6 MB. */
const MOST_TYPES = 16 << 20;
const DEADLINE = 5000;

/**
 * What a walk must know of the target's kernel: from the cache, or from the kernel's own types (5 MB are read then).
 * Asks first whether kernel memory can be read at all. Rejects when the target is gone.
 */
export async function openLayout(target: Target, cache?: LayoutCache): Promise<OpenedLayout> {
  const { kernel } = target;
  if (kernel === undefined) return { ok: false, blindness: noKernelMemory(target) };
  // Nothing is mapped at 0, so what may be read says EFAULT.
  const [[answer], key] = await Promise.all([
    kernel.read([{ address: 0n, length: 8 }]),
    cache ? buildOf(target) : undefined,
  ]);
  if (answer && !answer.ok && answer.errno !== 'EFAULT')
    return { ok: false, blindness: await refusedBy(target, answer.errno) };
  const kept = key === undefined ? undefined : await cache?.load(key);
  const known = kept === undefined ? undefined : layoutFromJson(kept);
  if (known) return { ok: true, layout: known };
  const opened = await readLayout(target);
  if (opened.ok && key !== undefined) await cache?.save(key, layoutToJson(opened.layout));
  return opened;
}

async function readLayout(target: Target): Promise<OpenedLayout> {
  const [file] = await target.read([TYPES], { limit: MOST_TYPES, deadline: DEADLINE });
  if (!file?.ok) return { ok: false, blindness: noTypes(file?.errno ?? 'EIO') };
  const types = parseBtf(file.data);
  if (!types.ok) return { ok: false, blindness: badTypes(types.why) };
  const made = layoutFrom(types.btf);
  return made.ok ? made : { ok: false, blindness: unknownKernel(made.missing) };
}

/** The kernel's build id, or what /proc/version says; undefined where neither can be read. */
async function buildOf(target: Target): Promise<string | undefined> {
  const [notes, version] = await target.read(['/sys/kernel/notes', '/proc/version']);
  const id = notes?.ok ? buildId(notes.data) : undefined;
  if (id !== undefined) return `build-id ${id}`;
  return version?.ok ? `version ${version.data.toString('latin1').trim()}` : undefined;
}

const NOTE_HEAD = 12;
const BUILD_ID = 3;

/** The GNU build id in the notes of an ELF file, as hex. */
export function buildId(notes: Buffer): string | undefined {
  for (let at = 0; at + NOTE_HEAD <= notes.length; ) {
    const name = notes.readUInt32LE(at);
    const size = notes.readUInt32LE(at + 4);
    const start = at + NOTE_HEAD + padded(name);
    if (
      notes.readUInt32LE(at + 8) === BUILD_ID &&
      notes.toString('latin1', at + NOTE_HEAD, at + NOTE_HEAD + 4) === 'GNU\0'
    )
      return size > 0 && size <= 64 && start + size <= notes.length
        ? notes.toString('hex', start, start + size)
        : undefined;
    at = start + padded(size);
  }
  return undefined;
}

function padded(bytes: number): number {
  return Math.ceil(bytes / 4) * 4;
}
