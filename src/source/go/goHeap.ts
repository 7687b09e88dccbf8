import { type ProcessMemory, wordIn } from '../origin/processMemory';
import { namedIn, type RunningCode } from './goroutineList';

/** Bytes of an arena and of a page of Go's heap, and what addresses are counted from; 64-bit Linux. */
const ARENA = 64 << 20;
const PAGE = 8192;
const FIRST = 2 ** 47;
/** Where an arena's description has the spans of its pages: Go 1.22 and later, 1.20 and 1.21, before. */
const SPANS = [0, (1 << 20) + (16 << 10), 2 << 20];
/** Bytes of a `runtime.mspan` that are read, and where it has its beginning and its number of pages. */
const SPAN = 256;
const SPAN_START = 24;
const SPAN_PAGES = 32;
const MOST_PAGES = 1 << 24;
/** The function whose code names the heap. */
export const FINDING = 'runtime.findObject';

export interface GoObject {
  readonly start: number;
  readonly end: number;
}

/** The heap of a Go program: tells where an object begins and ends, so that its neighbours are not taken for it. */
export class GoHeap {
  private constructor(
    private readonly memory: ProcessMemory,
    /** Of the list of arenas. */
    private readonly arenas: number,
    private readonly spans: number,
  ) {}

  /** `code` = of `runtime.findObject`; `known` = an object of the heap, that the layout is known by. */
  static async find(memory: ProcessMemory, code: RunningCode, known: number): Promise<GoHeap | undefined> {
    for (const address of namedIn(memory, code)) {
      const arenas = await memory.word(address);
      if (!arenas || !memory.region(arenas)) continue;
      for (const spans of SPANS) {
        const heap = new GoHeap(memory, arenas, spans);
        const found = await heap.objectAt(known);
        if (found?.start === known) return heap;
      }
    }
    return undefined;
  }

  /** Undefined for what does not lie in the heap, or is free. */
  async objectAt(address: number): Promise<GoObject | undefined> {
    const { memory } = this;
    const arena = await memory.word(this.arenas + Math.floor((address + FIRST) / ARENA) * 8);
    if (!arena) return undefined;
    const page = Math.floor((address % ARENA) / PAGE);
    const span = await memory.word(arena + this.spans + page * 8);
    const data = span ? await memory.bytes(span, SPAN) : undefined;
    return data && objectIn(data, address);
  }
}

/** The size of its objects and the end of the last follow each other in a span's description, in all versions. */
function objectIn(span: Buffer, address: number): GoObject | undefined {
  const [start, pages] = [wordIn(span, SPAN_START), wordIn(span, SPAN_PAGES)];
  if (!start || !pages || pages > MOST_PAGES || address < start || address >= start + pages * PAGE)
    return undefined;
  for (let at = SPAN_PAGES + 16; at + 16 <= span.length; at += 8) {
    const [size, limit] = [wordIn(span, at), wordIn(span, at + 8)];
    if (!size || !limit || size < 8 || size > pages * PAGE) continue;
    if (limit <= start || limit > start + pages * PAGE || (limit - start) % size !== 0) continue;
    if (address >= limit) return undefined;
    const from = start + Math.floor((address - start) / size) * size;
    return { start: from, end: from + size };
  }
  return undefined;
}
