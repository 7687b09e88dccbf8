import { join } from 'node:path';
import type { Clock } from '../inspect/inspection';
import type { LocateKernel } from '../inspect/kernelLines';
import type { Linking } from '../inspect/linking';
import type { LinkThread } from '../inspect/linkThread';
import type { NameDumps } from '../inspect/traceResult';
import type { Sample } from '../model/sample';
import type { LinkSettings } from '../source/linkMessages';
import { debuginfodUrls, onSettingsChange, sourcesEnabled } from './settings';

/** Milliseconds that a Sample waits for its links to the program's source. */
const LINKS_PATIENCE = 1000;
/** Megabytes that the thread which reads binaries may take. */
const LINKS_MEMORY = 512;

/** Links Samples, and reads debug symbols of kernels, off this thread; the one that does is loaded and started with the first. */
export class SourceLinks {
  private thread: Promise<LinkThread> | undefined;
  private readonly listener = onSettingsChange(() => this.settingsChanged());
  /** What the thread was started with last. */
  private known: string | undefined;

  /** `bundle` = dist/links.js; `folder` = where the editor keeps files for the extension. */
  constructor(
    private readonly bundle: string,
    private readonly folder: string,
    private readonly clock: Clock,
  ) {}

  async linking(late: ((linked: Sample) => void) | undefined): Promise<Linking | undefined> {
    if (!sourcesEnabled()) return undefined;
    this.thread ??= this.load();
    const { link } = await this.thread;
    return { link, patience: LINKS_PATIENCE, ...(late ? { late } : {}) };
  }

  /** Undefined where the settings say that sources are not told. */
  get nameDumps(): NameDumps | undefined {
    if (!sourcesEnabled()) return undefined;
    return async (target, of, dumps) => {
      this.thread ??= this.load();
      return (await this.thread).nameDumps(target, of, dumps);
    };
  }

  readonly kernelLine: LocateKernel = async (target, frame, release) => {
    this.thread ??= this.load();
    return (await this.thread).kernelLine(target, frame, release);
  };

  dispose(): void {
    this.listener.dispose();
    void this.thread?.then((thread) => thread.dispose());
  }

  private async load(): Promise<LinkThread> {
    const [{ LinkThread }, { startThread }] = await Promise.all([
      import('../inspect/linkThread'),
      import('../target/workerThread'),
    ]);
    const start = () => {
      const settings = this.settings();
      this.known = JSON.stringify(settings);
      return startThread(this.bundle, { role: 'links', settings }, LINKS_MEMORY);
    };
    return new LinkThread(start, this.clock);
  }

  private settingsChanged(): void {
    if (this.known === undefined || this.known === JSON.stringify(this.settings())) return;
    this.known = undefined;
    void this.thread?.then((thread) => thread.renew());
  }

  private settings(): LinkSettings {
    return { debuginfod: { urls: debuginfodUrls(), folder: join(this.folder, 'debuginfo') } };
  }
}
