import type { KernelFrame } from '../model/sample';
import { linesOf } from './lines';

/** `[<0>] f+0x12/0x34 [module 0123build-id]`; before 4.15 the address stands where the 0 is. */
const FRAME =
  /^\[<[0-9a-f]{1,16}>\] ([^\s+?]+)\+0x([0-9a-f]{1,16})\/0x([0-9a-f]{1,16})(?: \[([^\s\]]+)[^\]]*\])?\s*$/;

/**
 * /proc/PID/stack, innermost frame first. Frames the unwinder marks unreliable (`? f`), bare addresses and
 * lines that are no frame are left out.
 */
export function parseStack(text: string): KernelFrame[] {
  const frames: KernelFrame[] = [];
  for (const line of linesOf(text)) {
    const match = FRAME.exec(line);
    if (match !== null) {
      frames.push({
        function: match[1] ?? '',
        offset: Number.parseInt(match[2] ?? '', 16),
        size: Number.parseInt(match[3] ?? '', 16),
        module: match[4] ?? null,
      });
    }
  }
  return frames;
}
