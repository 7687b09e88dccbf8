import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Indexed } from '../kernelIndexer';
import { UserError } from '../model/errors';
import { t } from '../model/l10n';
import { KernelIndex } from '../source/kernelIndex';
import { type KernelTree, treeKey } from '../target/kernelTree';
import { advancing } from './messages';

/** The index of the kernel tree in use: in memory, else from a file of an earlier window, else made in a thread of its own. */
export class KernelIndexes {
  private current: { readonly state: string; readonly index: Promise<KernelIndex> } | undefined;

  /** `storage` is a folder of the extension's own, `script` the thread's. */
  constructor(
    private readonly storage: string,
    private readonly script: string,
  ) {}

  /** Rejects where it cannot be made or the user cancels that. */
  of(tree: KernelTree): Promise<KernelIndex> {
    if (this.current?.state === tree.state) return this.current.index;
    const index = this.open(tree);
    const opened = { state: tree.state, index };
    this.current = opened;
    index.catch(() => {
      if (this.current === opened) this.current = undefined;
    });
    return index;
  }

  private async open(tree: KernelTree): Promise<KernelIndex> {
    const file = join(this.storage, `kernel-${treeKey(tree.path)}.index`);
    const kept = await readFile(file).catch(() => undefined);
    const known = kept && KernelIndex.parse(kept, tree.state);
    if (known) return known;
    const bytes = await this.make(tree.path);
    const index = KernelIndex.parse(bytes, tree.state);
    if (!index) throw unusable(tree.path, t('It was changed while it was read.'), t('Try again.'));
    await this.keep(file, bytes);
    return index;
  }

  private async make(path: string): Promise<Buffer> {
    let made: Uint8Array | undefined;
    await advancing(t('Reading the kernel’s sources, once…'), async (progress, signal) => {
      made = await runThread(this.script, path, progress, signal);
    });
    if (!made)
      throw unusable(path, t('It has no MAINTAINERS and Makefile.'), t('Choose the top folder of a kernel.'));
    return Buffer.from(made.buffer, made.byteOffset, made.byteLength);
  }

  /** Whole or not at all; where it cannot be written, the next window makes it again. */
  private async keep(file: string, bytes: Buffer): Promise<void> {
    const fresh = `${file}.${process.pid}`;
    try {
      await mkdir(this.storage, { recursive: true });
      await writeFile(fresh, bytes);
      await rename(fresh, file);
    } catch {
      // The index is in memory all the same.
    }
  }
}

function runThread(
  script: string,
  path: string,
  progress: (fraction: number) => void,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(script, { workerData: path });
    const cancel = () => {
      void thread.terminate();
      reject(new UserError('cancelled', t('The kernel’s sources were not read.'), t('It was cancelled.')));
    };
    signal.addEventListener('abort', cancel, { once: true });
    thread.on('message', (told: Indexed) => {
      if ('progress' in told) progress(told.progress);
      else resolve(told.index);
    });
    thread.on('error', reject);
    thread.on('exit', () => {
      signal.removeEventListener('abort', cancel);
      reject(unusable(path, t('Reading it ended early.'), t('Try again.')));
    });
  });
}

export function unusable(path: string, why: string, remedy: string): UserError {
  return new UserError('kernel-tree', t('{0} cannot be used as the kernel’s sources.', path), why, remedy);
}
