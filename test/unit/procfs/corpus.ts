import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A file of /proc or /sys as a real kernel printed it: `corpus/KERNEL/NAME.KIND`. */
export interface CorpusFile {
  readonly name: string;
  readonly kind: string;
  readonly text: string;
}

const DIRECTORY = join(import.meta.dirname, 'corpus');

export const corpus: readonly CorpusFile[] = readdirSync(DIRECTORY)
  .sort()
  .flatMap((kernel) =>
    readdirSync(join(DIRECTORY, kernel))
      .sort()
      .map((file) => ({
        name: `${kernel}/${file}`,
        kind: file.slice(file.lastIndexOf('.') + 1),
        text: readFileSync(join(DIRECTORY, kernel, file), 'utf8'),
      })),
  );

export function corpusText(name: string): string {
  const file = corpus.find((candidate) => candidate.name === name);
  if (file === undefined) {
    throw new Error(`no corpus file ${name}`);
  }
  return file.text;
}
