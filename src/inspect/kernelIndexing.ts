import { isIndexed, KernelIndexBuilder } from '../source/kernelIndex';
import { filesOf, openKernelTree, readEach } from '../target/kernelTree';

/** Files between two reports of progress. */
const STEP = 500;

/**
 * The index of a kernel tree of this machine as bytes, made from the text of all its sources: seconds of work. Undefined where
 * the folder is no kernel's. `progress` runs from 0 to 1.
 */
export async function indexTree(
  path: string,
  progress: (fraction: number) => void,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  const tree = await openKernelTree(path);
  if (!tree) return undefined;
  const files = await filesOf(path, isIndexed, signal);
  const builder = new KernelIndexBuilder();
  await readEach(
    path,
    files,
    (file, text, index) => {
      builder.add(file, text);
      if (index % STEP === 0) progress(index / files.length);
    },
    signal,
  );
  return builder.finish(tree.state);
}
