import type { SourceFrame } from './lines';

/** Longest name that is told. */
const LONGEST = 1000;
const NEWLINE = 10;
/** First address, bytes, name: as Linux's perf reads it (tools/perf/Documentation/jit-interface.txt). */
const ROW = /^(?:0x)?([0-9a-f]{1,16}) (?:0x)?([0-9a-f]{1,16}) (.+)$/i;
/** A function of JavaScript, and where it begins. */
const SCRIPT = /^(.*?) ?((?:\/|file:\/\/|node:|[A-Za-z]:\\).*?):(\d{1,9})(?::(\d{1,9}))?$/;
/** What V8 puts before a name: kind of code and tier. */
const V8 = /^(?:JS|LazyCompile|Function|Script|Eval|RegExp|BytecodeHandler|Builtin|Stub|Handler):[~*^+']?/;

/**
 * Names of code that a process has made while it runs, by address, from its perf map. The last row with an address counts: the
 * code before was thrown away. Hostile text: what is no row is passed over.
 */
export function namesInPerfMap(text: Buffer, addresses: readonly number[]): Map<number, string> {
  const sorted = [...new Set(addresses)].sort((a, b) => a - b);
  const rows = new Map<number, string>();
  if (sorted.length === 0) return rows;
  for (let at = 0; at < text.length; ) {
    const newline = text.indexOf(NEWLINE, at);
    const end = newline < 0 ? text.length : newline;
    const row = ROW.exec(text.toString('utf8', at, Math.min(end, at + LONGEST)));
    at = end + 1;
    if (!row) continue;
    const [, start = '', size = '', name = ''] = row;
    const first = Number.parseInt(start, 16);
    const behind = first + Number.parseInt(size, 16);
    for (let index = notBefore(sorted, first); index < sorted.length; index++) {
      const address = sorted[index] ?? 0;
      if (address >= behind) break;
      rows.set(address, name);
    }
  }
  for (const [address, name] of rows) rows.set(address, name.replace(V8, '').trim() || name);
  return rows;
}

/** The same as frames. Of JavaScript it is told where a function begins; where in it is not known. */
export function fromPerfMap(text: Buffer, addresses: readonly number[]): Map<number, SourceFrame> {
  const frames = new Map<number, SourceFrame>();
  for (const [address, name] of namesInPerfMap(text, addresses)) {
    const [, function_ = '', url = '', line] = SCRIPT.exec(name) ?? [];
    const file = url.replace(/^file:\/\//, '');
    frames.set(
      address,
      file === ''
        ? { function: name, inlined: false }
        : { function: function_ || '(anonymous)', file, line: Number(line), inlined: false },
    );
  }
  return frames;
}

/** Index of the first that is not below. */
function notBefore(sorted: readonly number[], address: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) < address) low = middle + 1;
    else high = middle;
  }
  return low;
}
