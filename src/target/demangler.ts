import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { withMemoryLimit } from './memoryLimit';

/** The names that programmers know of what linkers call otherwise; undefined where that is no name of C++ or Rust. Never rejects. */
export type Demangle = (name: string) => Promise<string | undefined>;

/** gecko-profiler-demangle's module, as `npm run build` calls it and as its package does. */
const BUILT = 'demangle.wasm';
const INSTALLED = join('node_modules', 'gecko-profiler-demangle', 'index_bg.wasm');

/** Characters of a name, and of what it may become. */
const MOST_NAME = 16_384;
/** Pages of 64 KiB that it may take: names made to grow without end fail within a fraction of a second. */
const MOST_PAGES = 512;
/** Names that brought it down; after them no further one is tried. */
const MOST_FAILURES = 3;
const MOST_KEPT = 10_000;
/** Of Itanium's ABI, and of Rust's v0. */
const MANGLED = /^_?_[ZR]/;
/** Copies that optimisers make of a function; not those of coroutines (`.actor`, `.resume`). */
const CLONES = / \[clone \.(?:constprop|isra|part|cold|lto_priv|llvm|\d+)[.\d]*\]/g;

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly __wbindgen_start: () => void;
  readonly __wbindgen_malloc: (length: number, align: number) => number;
  readonly __wbindgen_free: (at: number, length: number, align: number) => void;
  readonly demangle_any: (at: number, length: number) => readonly [at: number, length: number];
}

/** `from`: the folder of the bundle. What demangles is loaded with the first name that looks mangled; where it is not there, names stay as they are. */
export function openDemangler(from: string): Demangle {
  const known = new Map<string, string | undefined>();
  let loading: Promise<WebAssembly.Module | undefined> | undefined;
  let instance: Exports | undefined;
  let failures = 0;
  return async (name) => {
    if (!MANGLED.test(name) || name.length > MOST_NAME) return undefined;
    loading ??= load(from).catch(() => undefined);
    const module = await loading;
    if (!module || failures >= MOST_FAILURES) return undefined;
    if (known.has(name)) return known.get(name);
    let shown: string | undefined;
    try {
      instance ??= start(module);
      shown = demangled(instance, name);
    } catch {
      // It ran out of its memory, and is of no more use.
      instance = undefined;
      failures++;
    }
    if (known.size >= MOST_KEPT) known.clear();
    known.set(name, shown);
    return shown;
  };
}

function demangled(exports: Exports, name: string): string | undefined {
  const text = Buffer.from(name, 'utf8');
  const at = exports.__wbindgen_malloc(text.length, 1);
  Buffer.from(exports.memory.buffer).set(text, at);
  const [found, length] = exports.demangle_any(at, text.length);
  const shown =
    length > MOST_NAME ? name : Buffer.from(exports.memory.buffer, found, length).toString('utf8');
  exports.__wbindgen_free(found, length, 1);
  // What it does not know comes back as it was, or without its first character.
  return shown === '' || name.endsWith(shown) ? undefined : shown.replace(CLONES, '');
}

async function load(from: string): Promise<WebAssembly.Module> {
  return new WebAssembly.Module(withMemoryLimit(await readFile(moduleFile(from)), MOST_PAGES));
}

function start(module: WebAssembly.Module): Exports {
  const imports = { './index_bg.js': { __wbindgen_init_externref_table: () => undefined } };
  const exports = new WebAssembly.Instance(module, imports).exports as Exports;
  exports.__wbindgen_start();
  return exports;
}

/** Beside the bundle, else in the packages of the folder above `from` that has them (running from source). */
function moduleFile(from: string): string {
  const beside = join(from, BUILT);
  if (existsSync(beside)) return beside;
  for (let folder = resolve(from); folder !== dirname(folder); folder = dirname(folder)) {
    const installed = join(folder, INSTALLED);
    if (existsSync(installed)) return installed;
  }
  return beside;
}
