import { spawnSync } from 'node:child_process';
import type { Location, SourceFrame } from '../../../src/source/lines';

/** A frame as another tool tells it, innermost first in a chain; what it does not know is absent. */
export interface ToolFrame {
  readonly name?: string | undefined;
  readonly file?: string | undefined;
  readonly line?: number | undefined;
}

/** Asks a tool about addresses of a program. */
export type Tool = (program: string, addresses: readonly bigint[]) => ToolFrame[][];

export const hex = (address: bigint): string => `0x${address.toString(16)}`;

/** Random addresses of a program's code, the same each time. */
export function codeAddresses(program: string, count: number): bigint[] {
  const table = spawnSync('readelf', ['-SW', program], { encoding: 'utf8' }).stdout;
  const [, from, size] = / \.text\s+PROGBITS\s+([0-9a-f]+)\s+[0-9a-f]+\s+([0-9a-f]+)/.exec(table) ?? [];
  if (from === undefined || size === undefined) throw new Error(`${program} has no code`);
  const start = Number.parseInt(from, 16);
  const length = Number.parseInt(size, 16);
  let seed = 1;
  return Array.from({ length: Math.min(count, length) }, () => {
    seed = (seed * 48271) % 0x7fffffff;
    return BigInt(start + (seed % length));
  });
}

interface LlvmAnswer {
  readonly Symbol?: readonly {
    readonly FunctionName: string;
    readonly FileName: string;
    readonly Line: number;
  }[];
}

export const llvmSymbolizer: Tool = (program, addresses) => {
  const { stdout, stderr } = spawnSync(
    'llvm-symbolizer',
    ['--obj', program, '--output-style=JSON', '--no-demangle', '--functions=linkage', ...addresses.map(hex)],
    { encoding: 'utf8', maxBuffer: 1 << 28 },
  );
  if (stdout === '') throw new Error(stderr);
  // One object a line, or all in one array: as its version has it.
  const lines = stdout.trim().split('\n');
  const answers = lines.flatMap((line): LlvmAnswer | LlvmAnswer[] => JSON.parse(line));
  return answers.map(({ Symbol: frames = [] }) =>
    frames.map(({ FunctionName, FileName, Line }) => ({
      name: FunctionName || undefined,
      file: FileName || undefined,
      line: Line || undefined,
    })),
  );
};

/** A tool that answers as addr2line does: an address, then two lines for each frame of its chain. */
const asAddr2line =
  (command: string): Tool =>
  (program, addresses) => {
    const { stdout, stderr } = spawnSync(command, ['-aif', '-e', program, ...addresses.map(hex)], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    if (stdout === '') throw new Error(stderr);
    const chains: ToolFrame[][] = [];
    const lines = stdout.trimEnd().split('\n');
    for (let at = 0; at < lines.length; ) {
      const line = lines[at] ?? '';
      if (/^0x[0-9a-f]+$/.test(line)) {
        chains.push([]);
        at++;
        continue;
      }
      const [, file, number] = /^(.*?):([0-9]+|\?)/.exec(lines[at + 1] ?? '') ?? [];
      const name = line.replace(/ inlined at .*| \(inlined\).*/, '');
      chains.at(-1)?.push({
        name: name === '??' ? undefined : name,
        file: file === '??' ? undefined : file,
        line: Number(number) || undefined,
      });
      at += 2;
    }
    return chains;
  };

export const euAddr2line = asAddr2line('eu-addr2line');

const last = (path: string | undefined) => path?.slice(path.lastIndexOf('/') + 1);

/**
 * Whether a tool says of an address what we do. Left out of the comparison: paths' directories, which each puts together its own
 * way; files where there is no line; the outermost name, which some take from the symbols.
 */
export function agrees({ frames }: Location, theirs: readonly ToolFrame[]): boolean {
  const told = theirs.filter(({ name, line }) => name !== undefined || line !== undefined);
  if (told.length !== frames.length) return false;
  return told.every((frame, at) => {
    const own = frames[at];
    return own !== undefined && sameLine(own, frame) && (at === told.length - 1 || sameName(own, frame));
  });
}

const sameLine = (own: SourceFrame, { file, line }: ToolFrame) =>
  own.line === line && (line === undefined || last(own.file) === last(file));

function sameName(own: SourceFrame, { name }: ToolFrame): boolean {
  if (name === undefined || own.function === undefined) return name === own.function;
  return name === own.linkage || own.function === name || own.function.endsWith(`::${name}`);
}

/** One line for each frame, to tell what differs. */
export const inWords = (frames: readonly (ToolFrame | SourceFrame)[]): string[] =>
  frames.map((frame) => {
    const name =
      'function' in frame ? (frame.linkage ?? frame.function) : 'name' in frame ? frame.name : undefined;
    return `${name ?? '?'} ${last(frame.file) ?? '?'}:${frame.line ?? 0}`;
  });
