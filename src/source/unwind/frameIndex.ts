import {
  type CommonEntry,
  entryAt,
  type FrameEntry,
  type FrameSection,
  readCommon,
  readFrameEntry,
} from './frameEntries';

/** Entries of one section; the largest binaries have some hundred thousand. */
const MOST_ENTRIES = 500_000;

/** All entries of a section that has no search table, in the order of their addresses. */
export class FrameIndex {
  private readonly entries: FrameEntry[] = [];

  /** `address`: where `data` lies. Reads up to the section's terminator, or what is no entry. */
  constructor(data: Buffer, address: number, section: FrameSection) {
    const commons = new Map<number, CommonEntry | undefined>();
    let at = 0;
    for (let count = 0; count < MOST_ENTRIES; count++) {
      const entry = entryAt(data, at, section);
      if (!entry || entry.end > data.length) break;
      at = entry.end;
      if (entry.common === undefined) continue;
      if (!commons.has(entry.common))
        commons.set(entry.common, readCommon(data, entryAt(data, entry.common, section)));
      const common = commons.get(entry.common);
      const frame = common && readFrameEntry(data, address, entry, common);
      if (frame) this.entries.push(frame);
    }
    this.entries.sort((a, b) => a.start - b.start);
  }

  get size(): number {
    return this.entries.length;
  }

  find(address: number): FrameEntry | undefined {
    let low = 0;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.entries[middle]?.start ?? Number.POSITIVE_INFINITY) <= address) low = middle + 1;
      else high = middle;
    }
    const entry = this.entries[low - 1];
    return entry && address < entry.end ? entry : undefined;
  }
}
