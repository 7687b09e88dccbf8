import type {
  AioContext,
  AioRequest,
  KernelFrame,
  Request,
  Ring,
  SourcePlace,
  Task,
  UserFrame,
} from '../model/sample';

/** What a frame stands for; its scopes tell more of it. */
export type About =
  | { readonly kind: 'task'; readonly task: Task; readonly kernel?: KernelFrame; readonly user?: UserFrame }
  | { readonly kind: 'request'; readonly request: Request }
  | { readonly kind: 'ring'; readonly ring: Ring }
  | { readonly kind: 'astray' }
  | { readonly kind: 'aio'; readonly context: AioContext; readonly request?: AioRequest };

/** A row of a stack. */
export interface Frame {
  /** Harmless to show. */
  readonly name: string;
  /** normal = code of the user's; subtle = code of others; label = a remark between frames. */
  readonly hint: 'normal' | 'subtle' | 'label';
  readonly place?: SourcePlace;
  /** The one to look at where no code of the user's can be shown. */
  readonly tells?: boolean;
  readonly about: About;
}

/** Frames made when they are asked for: a ring may have 100,000 requests pending. */
export interface Stack {
  readonly total: number;
  /** `index` below `total`. */
  at(index: number): Frame;
}

export function stackOf(frames: readonly Frame[]): Stack {
  return { total: frames.length, at: (index) => frames[index] ?? outside(index) };
}

/** One below the other. */
export function joinedStacks(parts: readonly Stack[]): Stack {
  const total = parts.reduce((sum, part) => sum + part.total, 0);
  return {
    total,
    at(index) {
      let rest = index;
      for (const part of parts) {
        if (rest < part.total) return part.at(rest);
        rest -= part.total;
      }
      return outside(index);
    },
  };
}

function outside(index: number): never {
  throw new RangeError(`There is no frame ${index}.`);
}
