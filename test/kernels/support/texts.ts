import type { Target } from '../../../src/target/target';

/** A file that must be there. */
export async function textOf(target: Target, path: string): Promise<string> {
  const [file] = await target.read([path]);
  if (!file?.ok) throw new Error(`${path}: ${file?.errno}`);
  return file.data.toString('latin1');
}
