import { createHash } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { LayoutCache } from '../kernel/openLayout';

/** Bytes of a kept layout; real ones have 5 kB. */
const MOST = 256 * 1024;

/** XDG's directory of what can be made anew. */
export function cacheDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  const { XDG_CACHE_HOME: base = '' } = environment;
  return join(isAbsolute(base) ? base : join(homedir(), '.cache'), 'io-uring-inspector');
}

/**
 * Keeps the layouts of kernels in files that only this user can read, one a kernel. Every failure is taken for an empty
 * cache; who reads checks the content.
 */
export class LayoutFiles implements LayoutCache {
  constructor(private readonly directory: string = cacheDirectory()) {}

  async load(key: string): Promise<string | undefined> {
    try {
      const file = await open(this.path(key), 'r');
      try {
        const stat = await file.stat();
        if (!stat.isFile() || stat.size > MOST || stat.uid !== process.getuid?.()) return undefined;
        return await file.readFile('utf8');
      } finally {
        await file.close();
      }
    } catch {
      return undefined;
    }
  }

  async save(key: string, text: string): Promise<void> {
    const path = this.path(key);
    const fresh = `${path}.${process.pid}`;
    try {
      await mkdir(this.directory, { recursive: true, mode: 0o700 });
      // Whole or not at all, whoever else saves at this moment; never through a link that waits there.
      const file = await open(fresh, 'wx', 0o600);
      try {
        await file.writeFile(text);
      } finally {
        await file.close();
      }
      await rename(fresh, path);
    } catch {
      await rm(fresh, { force: true }).catch(() => undefined);
    }
  }

  private path(key: string): string {
    return join(this.directory, `layout-${createHash('sha256').update(key).digest('hex')}.json`);
  }
}
