import { printable } from '../model/printable';
import type { SourcePlace, Task, UserFrame } from '../model/sample';
import { counted } from './words';

/** Shared libraries where distributions put theirs; what programs bring themselves lies elsewhere. */
const SYSTEM_LIBRARY =
  /^\/(?:usr\/|nix\/store\/[^/]+\/|run\/host\/usr\/)?lib(?:32|64|x32|exec)?\/(?:.*\/)?[^/]+\.so(?:\.[\w.-]+)?(?: \(deleted\))?$/;

/** Of the C library, of liburing and of languages, where they are linked into the program; names with two underscores are theirs. */
const RUNTIME_FUNCTION =
  /^(?:__[a-z]|_start$|start_thread$|clone3?$|syscall$|_?io_uring_(?:submit|wait|peek|enter|get_|queue_|register|setup|cqe?_)|<?(?:std|core|alloc|__gnu_cxx|__cxxabiv1)::|runtime\.)/;

/** Sources of the same, as compilers were given them. */
const RUNTIME_SOURCE =
  /(?:^|\/)sysdeps\/|\/glibc[^/]*\/|\/musl[^/]*\/|\/liburing[^/]*\/|^\/usr\/(?:include|lib)\/|\/rustc\/[0-9a-f]+\/|\/\.?rustup\/toolchains\/|\/go[^/]*\/src\/(?:runtime|internal|syscall)\/|\/libstdc\+\+-v3\//;

/** Of Go's standard library: below the folder it is installed in, or bare where the program was built with -trimpath. */
const GO_SOURCE =
  /(?:\/(?:go[^/]*|toolchain@[^/]*)\/src\/|^)(?:archive|bufio|bytes|compress|container|context|crypto|database|debug|encoding|errors|expvar|flag|fmt|go|hash|html|image|index|internal|io|iter|log|maps|math|mime|net|os|path|plugin|reflect|regexp|runtime|slices|sort|strconv|strings|sync|syscall|testing|text|time|unicode|unique|vendor)\/(?:[^.]+\/)?[^/.]+\.(?:go|s)$/;

/** Whether the frame is of what programs stand on rather than of the program itself. */
export function isRuntime({ function: name, file, binary }: UserFrame): boolean {
  if (binary !== undefined && (binary === '[vdso]' || SYSTEM_LIBRARY.test(binary))) return true;
  return (
    RUNTIME_FUNCTION.test(name) || (file !== undefined && (RUNTIME_SOURCE.test(file) || GO_SOURCE.test(file)))
  );
}

/** Whether the frame is a line of the program's own source. */
export function isOwn(frame: UserFrame): boolean {
  return frame.line !== undefined && frame.file !== undefined && !isRuntime(frame);
}

/** The frame that the program's own code waits in. */
export function ownFrame({ userStack = [] }: Pick<Task, 'userStack'>): UserFrame | undefined {
  return userStack.find(isOwn);
}

/** `main() at server.c:42`, `read() in libc.so.6`; `whole` = the file with its folders. */
export function frameText(frame: UserFrame, whole = false): string {
  const { function: name, file, binary } = frame;
  const shown = printable(name, 160);
  // `0x1234 in libfoo.so` has no name.
  const called = /^0x[0-9a-f]+ in /.test(name) || name.endsWith(')') ? shown : `${shown}()`;
  if (file !== undefined) return `${called} at ${placeText(frame, whole)}`;
  return binary === undefined || called === shown
    ? called
    : `${called} in ${printable(baseName(binary), 80)}`;
}

/** `server.c:42`; empty where no file is known. */
export function placeText({ file, line }: SourcePlace, whole = false): string {
  if (file === undefined) return '';
  return printable(whole ? file : baseName(file), 200) + (line === undefined ? '' : `:${line}`);
}

/** What is to be known of the frame beside its place. */
export function frameMarks({ trust, inlined }: UserFrame): string[] {
  return [...(inlined === true ? ['inlined'] : []), ...(trust === 'probable' ? ['probable'] : [])];
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1) || path;
}

/** Frames of the runtime that are told in a row, and of all where none is the program's own. */
const MOST_RUNTIME = 3;
const MOST_FOREIGN = 8;
const MOST_FRAMES = 40;

/** Frames as they are to be listed; a text stands for those left out. What the program's own code stands on is not. */
export function foldedFrames(frames: readonly UserFrame[]): (UserFrame | string)[] {
  const last = frames.findLastIndex(isOwn);
  if (last < 0) return cut(frames, MOST_FOREIGN);
  const shown: (UserFrame | string)[] = [];
  let run: UserFrame[] = [];
  for (const frame of frames.slice(0, last + 1)) {
    if (!isOwn(frame)) {
      run.push(frame);
      continue;
    }
    shown.push(...cut(run, MOST_RUNTIME), frame);
    run = [];
  }
  return cut(shown, MOST_FRAMES);
}

/** One more is told where a line would stand for it alone. */
function cut(frames: readonly (UserFrame | string)[], most: number): (UserFrame | string)[] {
  if (frames.length <= most + 1) return [...frames];
  return [...frames.slice(0, most), `… ${counted(frames.length - most, 'more frame')}`];
}
