import type { DebugProtocol } from '@vscode/debugprotocol';
import { baseName } from '../explain/userFrames';
import { printable } from '../model/printable';
import type { SourcePlace } from '../model/sample';
import { isAbsolute, mappedPaths, noFile, type SourceFileMap } from '../source/sourcePaths';
import type { Client } from './client';
import type { DebugServices } from './services';

/** A line of source on the wire; line and column are 0 where there is none. */
export interface SourceLine {
  readonly source?: DebugProtocol.Source;
  readonly line: number;
  readonly column: number;
}

/** Files that are remembered. */
const MOST = 4096;

/** Source files as the client is to open them. */
export class Sources {
  private readonly found = new Map<string, Promise<DebugProtocol.Source>>();

  constructor(
    private readonly services: Pick<DebugServices, 'findSource'>,
    private readonly client: Client,
    private readonly map: SourceFileMap,
  ) {}

  /** Never rejects. */
  async lineOf(place: SourcePlace | undefined, pale: boolean): Promise<SourceLine> {
    if (place?.file === undefined) return { line: 0, column: 0 };
    const source = await this.sourceOf(place.file);
    const { md5 } = place;
    return {
      source: {
        ...source,
        ...(pale ? { presentationHint: 'deemphasize' as const } : {}),
        ...(md5 !== undefined && /^[\da-f]{32}$/.test(md5)
          ? { checksums: [{ algorithm: 'MD5' as const, checksum: md5 }] }
          : {}),
      },
      line: counted(place.line, this.client.linesStartAt1),
      column: counted(place.column, this.client.columnsStartAt1),
    };
  }

  private sourceOf(file: string): Promise<DebugProtocol.Source> {
    const known = this.found.get(file);
    if (known !== undefined) return known;
    if (this.found.size >= MOST) this.found.clear();
    const asked = this.find(file);
    this.found.set(file, asked);
    return asked;
  }

  private async find(file: string): Promise<DebugProtocol.Source> {
    const name = printable(baseName(file), 200);
    const none = noFile(file);
    if (none !== undefined) return { name, presentationHint: 'deemphasize', origin: none };
    const places = [...mappedPaths(file, this.map), file];
    const [first = file] = places;
    if (!this.services.findSource && isAbsolute(first)) return { name, path: this.pathOf(first) };
    for (const place of places) {
      const here = await this.services.findSource?.(place).catch(() => undefined);
      if (here !== undefined) return { name, path: this.pathOf(here) };
    }
    return {
      name,
      // A path that begins nowhere cannot be opened.
      ...(isAbsolute(first) ? { path: this.pathOf(first) } : {}),
      presentationHint: 'deemphasize',
      origin: 'not found on this machine: sourceFileMap can say where it is',
    };
  }

  private pathOf(path: string): string {
    return this.client.uris ? `file://${encodeURI(path).replace(/[?#]/g, encodeURIComponent)}` : path;
  }
}

/** Ours count from 1, as DWARF does; 0 = none. */
function counted(from1: number | undefined, clientFrom1: boolean): number {
  if (from1 === undefined || !Number.isSafeInteger(from1) || from1 < 1) return clientFrom1 ? 1 : 0;
  return clientFrom1 ? from1 : from1 - 1;
}
