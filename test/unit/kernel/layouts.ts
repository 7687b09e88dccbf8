import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseBtf } from '../../../src/kernel/btf';
import { type KernelLayout, layoutFrom } from '../../../src/kernel/layout';

/** Kernels whose reduced types lie in types/ (see reduce.ts). Debian's 5.10 has the io_uring of 5.15. */
export const KERNELS = ['5.10', '6.1', '6.12', '6.18', '7.2'] as const;
export type Kernel = (typeof KERNELS)[number];

export function typesOf(kernel: Kernel): Buffer {
  return readFileSync(join(import.meta.dirname, 'types', `${kernel}.btf`));
}

export function layoutOf(kernel: Kernel): KernelLayout {
  const types = parseBtf(typesOf(kernel));
  if (!types.ok) throw new Error(types.why);
  const made = layoutFrom(types.btf);
  if (!made.ok) throw new Error(made.missing.join());
  return made.layout;
}
