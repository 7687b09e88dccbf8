import { decimals } from './numbers';

/** /sys/block/NAME/stat. Counts since boot; times in seconds; sectors are 512 bytes. */
export interface BlockStat {
  readonly readsCompleted: number;
  readonly readSectors: number;
  readonly readTime: number;
  readonly writesCompleted: number;
  readonly writeSectors: number;
  readonly writeTime: number;
  /** Requests inside the device now. */
  readonly inFlight: number;
  /** 4.19+. */
  readonly discards?: number;
  /** 5.5+. */
  readonly flushes?: number;
}

export function parseBlockStat(text: string): BlockStat | undefined {
  const fields = decimals(text) ?? [];
  const [reads, , readSectors, readTime, writes, , writeSectors, writeTime, inFlight] = fields;
  const discards = fields[11];
  const flushes = fields[15];
  if (
    reads === undefined ||
    readSectors === undefined ||
    readTime === undefined ||
    writes === undefined ||
    writeSectors === undefined ||
    writeTime === undefined ||
    inFlight === undefined ||
    fields.length < 11
  ) {
    return undefined;
  }
  return {
    readsCompleted: reads,
    readSectors,
    readTime: readTime / 1000,
    writesCompleted: writes,
    writeSectors,
    writeTime: writeTime / 1000,
    inFlight,
    ...(discards === undefined ? {} : { discards }),
    ...(flushes === undefined ? {} : { flushes }),
  };
}
