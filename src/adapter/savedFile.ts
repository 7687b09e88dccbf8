import { open } from 'node:fs/promises';
import { UserError } from '../model/errors';
import { printable } from '../model/printable';
import type { Sample } from '../model/sample';
import { parseSample } from '../sample/savedSample';

/** Bytes of a saved Sample; one with 100,000 requests has some 50 MB. */
const MOST = 512 << 20;

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'No file of that name is there (ENOENT).',
  ENOTDIR: 'What leads to it is no folder (ENOTDIR).',
  EACCES: 'The kernel refuses it (EACCES).',
  EPERM: 'The kernel refuses it (EPERM).',
};

/** A saved Sample of this machine's files. Rejects with a UserError where it is none or cannot be read. */
export async function readSample(path: string): Promise<Sample> {
  return parseSample(await textOf(path));
}

async function textOf(path: string): Promise<string> {
  try {
    const file = await open(path, 'r');
    try {
      const stat = await file.stat();
      if (!stat.isFile()) throw unreadable(path, 'It is no file.');
      if (stat.size > MOST) throw unreadable(path, 'It is larger than any saved Sample.');
      return await file.readFile('utf8');
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    const { code = String(error) } = error as NodeJS.ErrnoException;
    throw unreadable(path, WORDS[code] ?? `Reading it fails: ${code}.`);
  }
}

function unreadable(path: string, why: string): UserError {
  const remedy = 'Give the path of a Sample that was saved with --save or Save Sample….';
  return new UserError('file-unreadable', `${printable(path, 200)} cannot be read.`, why, remedy);
}
