import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ByteSource } from './byteSource';
import { type DownloadLimits, download } from './download';
import { trimFolder } from './filesKept';
import { openLocalBytes } from './localBytes';

export interface DebuginfodOptions {
  /** http and https; asked one after the other. */
  readonly urls: readonly string[];
  /** Where files are kept, by build-id; it is made where it is not there. */
  readonly folder: string;
  /** Whether a file is the debug file of that build: what is not is thrown away. */
  readonly isOfBuild: (bytes: ByteSource, buildId: string) => Promise<boolean>;
  readonly limits?: Partial<Limits>;
}

interface Limits extends DownloadLimits {
  /** Milliseconds that whoever asks waits; the file is there the next time. */
  readonly patience: number;
  /** Bytes that are kept of all files. */
  readonly kept: number;
  /** Milliseconds for which a server that does not answer is not asked again. */
  readonly pause: number;
}

const LIMITS: Limits = {
  bytes: 1 << 30,
  answer: 15_000,
  stall: 15_000,
  whole: 300_000,
  patience: 8_000,
  kept: 4 * 2 ** 30,
  pause: 300_000,
};

const BUILD_ID = /^[0-9a-f]{8,128}$/;
const SUFFIX = '.debug';

/**
 * The debug file of a build: undefined where none has it. Who gives `late` does not wait: undefined is also what is still to come,
 * and once it is here `late` is called. Never rejects.
 */
export type FetchDebugFile = (buildId: string, late?: () => void) => Promise<ByteSource | undefined>;

/** Debug files from servers that speak debuginfod's protocol (elfutils 0.178). */
export function openDebuginfod(options: DebuginfodOptions): FetchDebugFile {
  const limits = { ...LIMITS, ...options.limits };
  const servers = options.urls.flatMap((url) => serverOf(url) ?? []);
  const coming = new Map<string, Promise<boolean>>();
  const silent = new Map<URL, number>();

  async function fetch(buildId: string): Promise<boolean> {
    for (const server of servers) {
      if ((silent.get(server) ?? Number.NEGATIVE_INFINITY) + limits.pause > Date.now()) continue;
      try {
        if (await fetchFrom(server, buildId)) return true;
      } catch {
        silent.set(server, Date.now());
      }
    }
    return false;
  }

  async function fetchFrom(server: URL, buildId: string): Promise<boolean> {
    const path = join(options.folder, `${buildId}${SUFFIX}`);
    const part = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`;
    await mkdir(options.folder, { recursive: true, mode: 0o700 });
    try {
      const url = new URL(server);
      url.pathname = `${url.pathname.replace(/\/+$/, '')}/buildid/${buildId}/debuginfo`;
      const got = await download(url, limits, (body, signal) =>
        pipeline(body, createWriteStream(part, { flags: 'wx', mode: 0o600 }), { signal }),
      );
      if (!got || !(await isOfBuild(part, buildId))) return false;
      await rename(part, path);
      await trimFolder(options.folder, SUFFIX, limits.kept);
      return true;
    } finally {
      await rm(part, { force: true });
    }
  }

  async function isOfBuild(path: string, buildId: string): Promise<boolean> {
    const bytes = await openLocalBytes(path);
    if (typeof bytes === 'string') return false;
    const is = await options.isOfBuild(bytes, buildId).catch(() => false);
    bytes.close();
    return is;
  }

  async function kept(buildId: string): Promise<ByteSource | undefined> {
    const path = join(options.folder, `${buildId}${SUFFIX}`);
    const bytes = await openLocalBytes(path);
    if (typeof bytes === 'string') return undefined;
    const now = new Date();
    await utimes(path, now, now).catch(() => undefined);
    return bytes;
  }

  return async (buildId, late) => {
    if (!BUILD_ID.test(buildId)) return undefined;
    const found = await kept(buildId);
    if (found || servers.length === 0) return found;
    let fetching = coming.get(buildId);
    if (!fetching) {
      fetching = fetch(buildId).catch(() => false);
      coming.set(buildId, fetching);
    }
    if (late) {
      void fetching.then((arrived) => arrived && late());
      return undefined;
    }
    return (await within(fetching, limits.patience)) ? kept(buildId) : undefined;
  };
}

function serverOf(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined;
}

/** False where it takes longer. */
async function within(done: Promise<boolean>, milliseconds: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), milliseconds);
  });
  const first = await Promise.race([done, late]);
  clearTimeout(timer);
  return first;
}
