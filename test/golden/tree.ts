import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { deflateRawSync, inflateRawSync } from 'node:zlib';

/**
 * A captured tree as one readable text: `=== PATH` begins a file, `--> PATH TEXT` is a symbolic link, `!!! PATH ERRNO`
 * a file that could not be read, `### PATH BASE64` the memory of a ring, deflated. In contents a backslash, a NUL and bytes that are not printable ASCII stand
 * as `\\`, `\0` and `\xNN`; a trailing `\` says that the file ends without a newline.
 */
export interface TreeFile {
  readonly path: string;
  readonly kind: 'file' | 'link' | 'error';
  readonly content: Buffer;
}

const MEMORY = /\/ringmem\//;

export function writeTree(files: readonly TreeFile[]): string {
  return files
    .map(({ path, kind, content }) => {
      if (kind === 'link') return `--> ${path} ${encode(content)}\n`;
      if (kind === 'error') return `!!! ${path} ${content.toString('latin1')}\n`;
      if (MEMORY.test(path))
        return `### ${path} ${deflateRawSync(content, { level: 9 }).toString('base64')}\n`;
      const ended = content.length === 0 || content[content.length - 1] === 10;
      return `=== ${path}\n${encode(content)}${ended ? '' : '\\\n'}`;
    })
    .join('');
}

export function readTree(text: string): TreeFile[] {
  const files: TreeFile[] = [];
  let path: string | undefined;
  let lines: string[] = [];
  const finish = () => {
    if (path !== undefined)
      files.push({ path, kind: 'file', content: decode(lines.map((l) => `${l}\n`).join('')) });
    path = undefined;
    lines = [];
  };
  for (const line of text.split('\n').slice(0, -1)) {
    const link = /^--> (\S+) (.*)$/.exec(line);
    const error = /^!!! (\S+) (\S+)$/.exec(line);
    const memory = /^### (\S+) (\S+)$/.exec(line);
    if (line.startsWith('=== ')) {
      finish();
      path = line.slice(4);
    } else if (link?.[1] !== undefined) {
      finish();
      files.push({ path: link[1], kind: 'link', content: decode(link[2] ?? '') });
    } else if (error?.[1] !== undefined) {
      finish();
      files.push({ path: error[1], kind: 'error', content: Buffer.from(error[2] ?? '') });
    } else if (memory?.[1] !== undefined) {
      finish();
      const content = inflateRawSync(Buffer.from(memory[2] ?? '', 'base64'));
      files.push({ path: memory[1], kind: 'file', content });
    } else lines.push(line);
  }
  finish();
  return files;
}

/**
 * Lays the tree out below a folder. Where it has a later look, that one starts as a copy of the first and what
 * changed is laid over it. A task that had ended by then stays in it, which no rule minds.
 */
export function unpackTree(files: readonly TreeFile[], folder: string): void {
  const errors: string[] = [];
  const hasLater = files.some(({ path }) => path.startsWith('later/'));
  const changed = new Set(files.map(({ path }) => path));
  const copies = files.filter(
    ({ path }) => hasLater && path !== 'meta' && !path.startsWith('later/') && !changed.has(`later/${path}`),
  );
  for (const { path, kind, content } of [
    ...files,
    ...copies.map((file) => ({ ...file, path: `later/${file.path}` })),
  ]) {
    const place = join(folder, path);
    mkdirSync(dirname(place), { recursive: true });
    if (kind === 'link') symlinkSync(content, place);
    else if (kind === 'file') writeFileSync(place, content);
    else errors.push(`/${path}: ${content.toString('latin1')}\n`);
  }
  if (errors.length > 0) writeFileSync(join(folder, 'errors'), errors.join(''));
}

function encode(content: Buffer): string {
  return content.toString('latin1').replace(/[^\n\t -[\]-~]|^(?=(===|-->|!!!|###) )/gm, (c) => {
    if (c === '') return '\\e';
    if (c === '\\') return '\\\\';
    if (c === '\0') return '\\0';
    return `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

function decode(text: string): Buffer {
  const plain = text.replace(/\\(\n|\\|0|e|x[\da-f]{2})/g, (_, code: string) => {
    if (code === '\n' || code === 'e') return '';
    if (code === '\\') return '\\';
    if (code === '0') return '\0';
    return String.fromCharCode(Number.parseInt(code.slice(1), 16));
  });
  return Buffer.from(plain, 'latin1');
}
