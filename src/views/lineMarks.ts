import type * as vscode from 'vscode';
import type { Inspected, Inspections } from '../inspect/inspections';
import type { Sample } from '../model/sample';
import type { LineWaits } from './markWords';
import { stateOf, titleOf } from './nodes';
import type { SourceFiles } from './sourceFiles';
import type { SourceVersions } from './sourceVersions';
import type { TrackedDocuments } from './trackedDocuments';
import { type WaitingPlace, waitingPlaces } from './waitingPlaces';

/** Marks of one process in one document: the editor makes a style for each, and nobody reads more. */
const MOST = 500;

/** What waits at a line of a document, of all processes. */
export interface LineMark {
  /** From 0, where it stands in the document now. */
  readonly line: number;
  readonly stuck: boolean;
  readonly waits: readonly LineWaits[];
}

/** Finds what waits at the lines of a document. */
export class LineMarks {
  constructor(
    private readonly inspections: Inspections,
    private readonly files: SourceFiles,
    private readonly tracked: TrackedDocuments,
    private readonly versions: SourceVersions,
  ) {}

  /** From the top. Never rejects. */
  async of({ uri, lineCount }: vscode.TextDocument): Promise<readonly LineMark[]> {
    const lines = new Map<number, LineWaits[]>();
    for (const inspected of this.inspections.all) {
      try {
        for (const [line, waits] of await this.waitsIn(inspected, uri, lineCount))
          lines.set(line, [...(lines.get(line) ?? []), waits]);
      } catch {
        // A sample from a file may hold what no look finds: then it has no marks.
      }
    }
    return [...lines]
      .sort(([a], [b]) => a - b)
      .map(([line, waits]) => ({ line, waits, stuck: waits.some(({ place }) => place.stuck) }));
  }

  private async waitsIn(
    inspected: Inspected,
    uri: vscode.Uri,
    lineCount: number,
  ): Promise<readonly (readonly [line: number, LineWaits])[]> {
    const { key, snapshot } = inspected;
    const state = stateOf(inspected);
    // Nothing waits in a process that has ended.
    if (!snapshot.sample || state === 'ended') return [];
    const { sample } = snapshot;
    const found: (readonly [number, LineWaits])[] = [];
    for (const place of gravest(await this.placesIn(sample, uri))) {
      const line = this.tracked.lineNow(uri, place.line, place.binaryModified);
      if (line === undefined || line > lineCount) continue;
      const differs = await this.versions.difference(uri, place);
      const more = differs === undefined ? {} : { differs };
      found.push([
        line - 1,
        { key, title: titleOf(inspected), sample, place, saved: state === 'saved', ...more },
      ]);
    }
    return found;
  }

  private async placesIn(sample: Sample, uri: vscode.Uri): Promise<readonly WaitingPlace[]> {
    const open = new Map<string, boolean>();
    const found: WaitingPlace[] = [];
    for (const place of waitingPlaces(sample)) {
      const { file } = place;
      const isOpen = open.get(file) ?? (await this.files.isOpenAs(file, uri));
      open.set(file, isOpen);
      if (isOpen) found.push(place);
    }
    return found;
  }
}

/** Those that are stuck, then those at which most waits. */
function gravest(places: readonly WaitingPlace[]): readonly WaitingPlace[] {
  if (places.length <= MOST) return places;
  const weight = ({ requests, threads }: WaitingPlace) => requests.length + threads.length;
  const ordered = [...places].sort((a, b) => Number(b.stuck) - Number(a.stuck) || weight(b) - weight(a));
  return ordered.slice(0, MOST);
}
