import type { KernelLayout } from '../kernel/layout';
import type { KernelFrame, Process, Sample } from '../model/sample';
import type { Port, TargetFacts } from '../target/portTarget';
import type { PackedFailure } from '../target/portValues';
import type { CallStack } from './callStacks';
import type { KernelLocation } from './kernelSymbols';
import type { SamplePatch } from './samplePatch';

/** What the user has set; the thread is started with it. */
export interface LinkSettings {
  /** Servers of debuginfod, and where what they have sent is kept. Nothing is fetched where it is absent. */
  readonly debuginfod?: { readonly urls: readonly string[]; readonly folder: string };
}

/** What the thread that links Samples is told. */
export type LinkQuestion =
  /** A target that Samples are of; it is gone once the port closes. */
  | {
      readonly kind: 'target';
      readonly target: number;
      readonly facts: TargetFacts;
      readonly port: Port;
    }
  | {
      readonly kind: 'link';
      readonly id: number;
      readonly target: number;
      readonly sample: Sample;
      readonly layout?: KernelLayout;
    }
  /** The line of a kernel frame, from debug symbols on the target's host; `release` of its kernel. */
  | {
      readonly kind: 'kernel line';
      readonly id: number;
      readonly target: number;
      readonly frame: KernelFrame;
      readonly release: string;
    }
  /** Stacks of a process that were copied while it ran; `dumps` are StackDumps, as `packed` has them. */
  | {
      readonly kind: 'name dumps';
      readonly id: number;
      readonly target: number;
      readonly process: Process;
      readonly dumps: unknown;
    }
  /** Nobody waits for that any more; it is answered all the same. */
  | { readonly kind: 'give up'; readonly id: number };

export type LinkAnswer =
  | { readonly id: number; readonly patch: SamplePatch }
  /** The same once more, with what debug files tell that have come since. */
  | { readonly id: number; readonly late: SamplePatch }
  | { readonly id: number; readonly location: KernelLocation }
  | { readonly id: number; readonly named: readonly CallStack[] }
  | { readonly id: number; readonly failure: PackedFailure };
