import type { Demangle } from '../target/demangler';
import type { SourceFrame } from './lines';

/** Of Rust's older mangling, which looks like C++'s otherwise. */
const RUST = /^_R|17h[0-9a-f]{16}E(?:$|\.)/;

/**
 * The frames with names that programmers know. Of Rust the linker's name says more than the debug information's
 * (`<T as Trait>::run`, not `{impl#2}::run`); elsewhere it is taken where no other is there.
 */
export async function readable(
  frames: readonly SourceFrame[],
  demangle: Demangle | undefined,
): Promise<readonly SourceFrame[]> {
  if (!demangle) return frames;
  return Promise.all(
    frames.map(async (frame) => {
      const { function: name, linkage } = frame;
      const mangled = linkage !== undefined && RUST.test(linkage) ? linkage : name;
      const shown = mangled === undefined ? undefined : await demangle(mangled);
      return shown === undefined ? frame : { ...frame, function: shown };
    }),
  );
}

/** Names of Go's generic functions as its tracebacks have them: `main.take[...]`, not `main.take[go.shape.int_0]`. */
export function withoutShapes(name: string): string {
  const [open, close] = [name.indexOf('[go.shape.'), name.lastIndexOf(']')];
  return open > 0 && close > open ? `${name.slice(0, open)}[...]${name.slice(close + 1)}` : name;
}
