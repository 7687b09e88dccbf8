import { parentPort, workerData } from 'node:worker_threads';
import { indexTree } from './inspect/kernelIndexing';

/** What the thread tells: how far it is, then the index. */
export type Indexed = { readonly progress: number } | { readonly index: Uint8Array | undefined };

/** The thread that reads a kernel tree, so that the editor's own goes on; it is ended to cancel it. */
async function main(port: NonNullable<typeof parentPort>): Promise<void> {
  const tell = (told: Indexed) => port.postMessage(told);
  const never = new AbortController().signal;
  tell({ index: await indexTree(String(workerData), (progress) => tell({ progress }), never) });
}

if (parentPort) void main(parentPort);
