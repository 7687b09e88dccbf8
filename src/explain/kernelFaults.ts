import type { Host } from '../model/sample';

/** A fault of some kernels, as far as a public report states which; others may have it, too. */
interface KernelFault {
  /** The finding in which it shows itself. */
  readonly tag: string;
  /** A stable series with the first and the last of its patches that were reported, or one distribution's release. */
  readonly kernels: { readonly series: string; readonly from: number; readonly to: number } | string;
  /** Completes "reported to …". */
  readonly does: string;
  readonly see: string;
}

const LOSES_LOCK = 'lose a ring’s lock when completions overflow';

const FAULTS: readonly KernelFault[] = [
  {
    tag: 'ring-lock',
    kernels: { series: '6.1', from: 113, to: 115 },
    does: LOSES_LOCK,
    see: 'https://github.com/NixOS/nixpkgs/issues/355567',
  },
  {
    tag: 'ring-lock',
    kernels: { series: '6.6', from: 57, to: 59 },
    does: LOSES_LOCK,
    see: 'https://github.com/nodejs/node/issues/55587',
  },
  {
    tag: 'ring-lock',
    kernels: '6.8.0-1026-aws',
    does: 'deadlock in the lock of a ring',
    see: 'https://github.com/axboe/liburing/issues/1387',
  },
];

/** What to do about the kernel itself, where it is one that was reported to do what a finding of this tag shows. */
export function kernelAdvice({ kernel, stable }: Host, tag: string): string | undefined {
  const version = stable ?? kernel;
  const fault = FAULTS.find((one) => one.tag === tag && isOf(one, kernel, version));
  if (!fault) return undefined;
  const { kernels, does, see } = fault;
  return typeof kernels === 'string'
    ? `This kernel, ${kernel}, was reported to ${does} (${see}): boot a newer one.`
    : `The kernels ${kernels.series}.${kernels.from} to ${kernels.series}.${kernels.to} were reported to ${does} (${see}), and this is ${version}: boot a newer one.`;
}

function isOf({ kernels }: KernelFault, release: string, version: string): boolean {
  if (typeof kernels === 'string') return release === kernels;
  const [, series, patch] = /^(\d+\.\d+)\.(\d+)(?!\d)/.exec(version) ?? [];
  return series === kernels.series && Number(patch) >= kernels.from && Number(patch) <= kernels.to;
}
