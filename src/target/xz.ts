import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { withMemoryLimit } from './memoryLimit';
import { inTurns, type Steps } from './turns';

/** What xz has packed, at most `most` bytes of it; a string says why it cannot be unpacked. Never rejects. */
export type Unxz = (packed: Buffer, most: number) => Promise<Buffer | string>;

/** xz-decompress' module as `npm run build` calls it, and the script of its package that holds it. */
const BUILT = 'xz.wasm';
const INSTALLED = join('node_modules', 'xz-decompress', 'dist', 'package', 'xz-decompress.min.js');
const INSIDE = /data:application\/wasm;base64,([A-Za-z0-9+/=]+)/;

/** Pages of 64 KiB that it may take: the dictionary of `xz -9` is 64 MiB. */
const MOST_PAGES = 1152;
/** Milliseconds of work for one piece. */
const MOST_WORK = 3000;

/** What `get_next_output` returns (xz_ret of XZ Embedded). */
const OK = 0;
const END = 1;
const TROUBLES: ReadonlyMap<number, string> = new Map([
  [2, 'its checksums are of a kind not known here'],
  [3, 'it needs too much memory'],
  [4, 'it needs too much memory'],
  [5, 'it is not packed by xz'],
  [6, 'it is packed with options not known here'],
  [8, 'it is cut short'],
]);

/** Words of a context: bytes of either buffer, then address, position and length of what goes in, and of what comes out. */
const SIZE = 0;
const INPUT = { at: 1, used: 2, size: 3 };
const OUTPUT = { at: 4, used: 5 };

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly create_context: () => number;
  readonly supply_input: (context: number, length: number) => void;
  readonly get_next_output: (context: number) => number;
}

/** `from`: the folder of the bundle. What unpacks is loaded with the first piece. */
export function openUnxz(from: string): Unxz {
  let loading: Promise<WebAssembly.Module> | undefined;
  return async (packed, most) => {
    try {
      loading ??= load(from);
      // Of its own for each piece: nothing of a hostile one is left.
      const exports = new WebAssembly.Instance(await loading, {}).exports as Exports;
      return await inTurns(unpacking(exports, packed, most));
    } catch (error) {
      // Out of its memory, or its module is missing.
      return error instanceof Error ? error.message : String(error);
    }
  };
}

function* unpacking(exports: Exports, packed: Buffer, most: number): Steps<Buffer | string> {
  const { memory, create_context, supply_input, get_next_output } = exports;
  const context = create_context();
  const word = (index: number) => new Uint32Array(memory.buffer, context, OUTPUT.used + 1)[index] ?? 0;
  const parts: Buffer[] = [];
  let given = 0;
  let size = 0;
  let work = 0;
  for (;;) {
    const began = performance.now();
    if (word(INPUT.used) === word(INPUT.size)) {
      // Nothing more says that this is the end: of several streams, behind each other, the last may be.
      const piece = packed.subarray(given, given + word(SIZE));
      new Uint8Array(memory.buffer).set(piece, word(INPUT.at));
      supply_input(context, piece.length);
      given += piece.length;
    }
    const result = get_next_output(context);
    if (result !== OK && result !== END) return TROUBLES.get(result) ?? 'it is damaged';
    const used = word(OUTPUT.used);
    parts.push(Buffer.from(new Uint8Array(memory.buffer, word(OUTPUT.at), used)));
    size += used;
    new Uint32Array(memory.buffer, context)[OUTPUT.used] = 0;
    if (size > most) return `unpacked it has more than ${most} bytes`;
    if (result === END) return Buffer.concat(parts);
    work += performance.now() - began;
    if (work > MOST_WORK) return 'it takes too long to unpack';
    yield;
  }
}

async function load(from: string): Promise<WebAssembly.Module> {
  return new WebAssembly.Module(withMemoryLimit(await moduleBytes(from), MOST_PAGES));
}

/** Beside the bundle, else in the packages of the folder above `from` that has them (running from source). */
async function moduleBytes(from: string): Promise<Buffer> {
  const beside = join(from, BUILT);
  if (existsSync(beside)) return readFile(beside);
  for (let folder = resolve(from); folder !== dirname(folder); folder = dirname(folder)) {
    const installed = join(folder, INSTALLED);
    if (!existsSync(installed)) continue;
    const inside = INSIDE.exec(await readFile(installed, 'latin1'))?.[1];
    if (inside !== undefined) return Buffer.from(inside, 'base64');
  }
  throw new Error(`${BUILT} is missing`);
}
