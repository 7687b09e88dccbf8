import { systemCallName } from './kernelNames';

/** A function that a file defines. */
export interface Definition {
  readonly name: string;
  /** 1-based. */
  readonly line: number;
  /** Its body does nothing: what stands in where the kernel is built without a part. */
  readonly stub: boolean;
}

/** Longest stretch from a name to the brace of its body. */
const MOST_HEAD = 2048;
/** A line that may begin a definition: no blank in front of it, and a parenthesis before anything a declaration ends with. */
const BEGIN = /^[A-Za-z_][^\n;={}"']*?\(/gm;
const CALL = /([A-Za-z_]\w*)[ \t]*\(/g;
/** Nothing but what the compiler is told of a function may stand between its parameters and its body. */
const ANNOTATION = /__\w+/y;
const BLANKS = /(?:\s+|\/\*[\s\S]{0,4000}?\*\/|\/\/[^\n]*)+/y;
const STUB = /\{\s*(?:return[^;{}]{0,40};\s*)?\}/y;
const NO_FUNCTION = new Set([
  'if',
  'for',
  'while',
  'switch',
  'return',
  'sizeof',
  'defined',
  'typeof',
  'else',
  'do',
]);
/** A macro whose first argument is the function's name: DEFINE_IDTENTRY, BPF_CALL_3. */
const MACRO = /^[A-Z][A-Z0-9_]*$/;
const SYSTEM_CALL = /^(COMPAT_)?(?:__)?SYSCALL_DEFINE[0-9x]$/;
const ASSEMBLY =
  /^[ \t]*(?:SYM_(?:FUNC|CODE|TYPED_FUNC)_START\w*|SYM_INNER_LABEL\w*|SYM_FUNC_ALIAS\w*|ENTRY|WEAK|GLOBAL)[ \t]*\([ \t]*([A-Za-z_]\w*)/gm;

/** Functions that C source defines at the left margin, as all of the kernel's do. */
export function definitionsInC(text: string): Definition[] {
  const found: Definition[] = [];
  const lines = new LineCounter(text);
  BEGIN.lastIndex = 0;
  for (let begin = BEGIN.exec(text); begin; begin = BEGIN.exec(text)) {
    const definition = definitionAt(text, begin.index, BEGIN.lastIndex - 1);
    if (definition === undefined) {
      BEGIN.lastIndex = endOfLine(text, BEGIN.lastIndex);
      continue;
    }
    const { name, at, body } = definition;
    STUB.lastIndex = body;
    found.push({ name, line: lines.at(at), stub: STUB.test(text) });
    BEGIN.lastIndex = body;
  }
  return found;
}

/** Functions and labels that assembly declares with the kernel's macros, old and new (5.5+). */
export function definitionsInAssembly(text: string): Definition[] {
  const lines = new LineCounter(text);
  return [...text.matchAll(ASSEMBLY)].map((match) => ({
    name: match[1] ?? '',
    line: lines.at(match.index + match[0].length),
    stub: false,
  }));
}

interface Found {
  readonly name: string;
  readonly at: number;
  readonly body: number;
}

/** The definition whose first line is at `start`; `open` is its first parenthesis. */
function definitionAt(text: string, start: number, open: number): Found | undefined {
  const line = endOfLine(text, open);
  CALL.lastIndex = start;
  for (let call = CALL.exec(text); call && call.index < line; call = CALL.exec(text)) {
    const [whole, name = ''] = call;
    if (NO_FUNCTION.has(name)) return undefined;
    const end = closing(text, call.index + whole.length - 1);
    if (end === undefined) return undefined;
    const body = bodyAfter(text, end);
    if (body !== undefined) {
      const own = call.index === start && MACRO.test(name) ? firstArgument(text, CALL.lastIndex, name) : name;
      return own === undefined ? undefined : { name: own, at: call.index, body };
    }
    // An attribute in front of the name, such as __printf(2, 3).
    CALL.lastIndex = end;
  }
  return undefined;
}

/** The name that a macro gives its function. */
function firstArgument(text: string, at: number, macro: string): string | undefined {
  const argument = /^\s*([A-Za-z_]\w*)\s*[,)]/.exec(text.slice(at, at + 128))?.[1];
  const call = SYSTEM_CALL.exec(macro);
  return call && argument !== undefined ? systemCallName(argument, call[1] !== undefined) : argument;
}

/** Behind the parenthesis that closes the one at `open`. */
function closing(text: string, open: number): number | undefined {
  const last = Math.min(text.length, open + MOST_HEAD);
  let depth = 0;
  for (let at = open; at < last; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x28) depth++;
    else if (code === 0x29 && --depth === 0) return at + 1;
    else if (code === 0x7b || code === 0x3b) return undefined;
  }
  return undefined;
}

/** Where the body's brace is, if nothing but annotations stand in front of it. */
function bodyAfter(text: string, from: number): number | undefined {
  let at = from;
  while (at - from < MOST_HEAD) {
    BLANKS.lastIndex = at;
    if (BLANKS.test(text)) at = BLANKS.lastIndex;
    if (text.charCodeAt(at) === 0x7b) return at;
    ANNOTATION.lastIndex = at;
    if (!ANNOTATION.test(text)) return undefined;
    at = ANNOTATION.lastIndex;
    if (text.charCodeAt(at) !== 0x28) continue;
    const end = closing(text, at);
    if (end === undefined) return undefined;
    at = end;
  }
  return undefined;
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end;
}

/** Line numbers of places that are asked for in their order. */
class LineCounter {
  private line = 1;
  private counted = 0;

  constructor(private readonly text: string) {}

  at(place: number): number {
    for (;;) {
      const next = this.text.indexOf('\n', this.counted);
      if (next < 0 || next >= place) return this.line;
      this.line++;
      this.counted = next + 1;
    }
  }
}
