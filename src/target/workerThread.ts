import { type MessagePort, Worker } from 'node:worker_threads';

/** Another thread of this program. */
export interface Thread {
  post(message: unknown, handedOver?: readonly (MessagePort | ArrayBuffer)[]): void;
  onMessage(listener: (message: unknown) => void): void;
  /** Settles when it has ended: undefined = it was told to, else why in words. */
  readonly ended: Promise<string | undefined>;
  end(): void;
}

/** What another thread of ours finds as its workerData. */
export interface ThreadData {
  /** Tells it that it is to serve, and as what. */
  readonly role: string;
  readonly settings?: unknown;
}

/** Runs a bundle of ours with at most that many megabytes of JavaScript's own memory. */
export function startThread(file: string, data: ThreadData, megabytes: number): Thread {
  const { role } = data;
  const worker = new Worker(file, {
    workerData: data,
    name: role,
    resourceLimits: { maxOldGenerationSizeMb: megabytes, maxYoungGenerationSizeMb: 32 },
    stdin: false,
  });
  let told = false;
  let why: string | undefined;
  const ended = new Promise<string | undefined>((resolve) => {
    worker.on('error', (error: NodeJS.ErrnoException) => {
      why = error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? `it needed more than ${megabytes} MB` : error.message;
    });
    worker.on('exit', (code) => resolve(told ? undefined : (why ?? `it ended with code ${code}`)));
  });
  return {
    ended,
    post: (message, handedOver = []) => worker.postMessage(message, [...handedOver]),
    onMessage: (listener) => void worker.on('message', listener),
    end: () => {
      told = true;
      void worker.terminate();
    },
  };
}
