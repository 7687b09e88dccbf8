import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type EventFormat, parseFormat } from '../../../src/trace/format';

/** The events of a kernel as its files below events/io_uring describe them, one behind another. */
export function formatsOf(kernel: string): EventFormat[] {
  const text = readFileSync(join(__dirname, 'fixtures', `formats-${kernel}.txt`), 'utf8');
  return text.split(/^(?=name: )/m).flatMap((one) => parseFormat(one) ?? []);
}

/** Writes records as a kernel of these formats does. */
export function recordOf(
  formats: readonly EventFormat[],
  name: string,
  values: Readonly<Record<string, bigint | number>>,
): Buffer {
  const format = formats.find((one) => one.name === name);
  if (!format) throw new Error(`no ${name}`);
  const length = Math.max(...[...format.fields.values()].map(({ offset, size }) => offset + size));
  const record = Buffer.alloc(length + (-length & 3));
  record.writeUInt16LE(format.id, 0);
  for (const [field, value] of Object.entries(values)) {
    const place = format.fields.get(field);
    if (!place) throw new Error(`${name} has no ${field}`);
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)));
    bytes.copy(record, place.offset, 0, place.size);
  }
  return record;
}

/** One record of a page: nanoseconds after the one before, and what the record holds. */
export type Entry = readonly [delta: number, record: Buffer];

/** A page of the ring buffer, as the kernel fills it. */
export function pageOf(time: bigint, entries: readonly Entry[], lost?: number | 'uncounted'): Buffer {
  const parts = entries.flatMap(([delta, record]) => {
    const extended: Buffer[] = [];
    if (delta >= 2 ** 27) {
      const extend = Buffer.alloc(8);
      extend.writeUInt32LE(30 + (delta % 2 ** 27) * 32, 0);
      extend.writeUInt32LE(Math.floor(delta / 2 ** 27), 4);
      extended.push(extend);
    }
    const small = record.length <= 112;
    const head = Buffer.alloc(small ? 4 : 8);
    const rest = delta >= 2 ** 27 ? 0 : delta;
    head.writeUInt32LE((small ? record.length / 4 : 0) + rest * 32, 0);
    if (!small) head.writeUInt32LE(record.length + 4, 4);
    return [...extended, head, record];
  });
  const data = Buffer.concat(parts);
  const page = Buffer.alloc(4096);
  page.writeBigUInt64LE(time, 0);
  const flags = lost === undefined ? 0 : lost === 'uncounted' ? 0x8000_0000 : 0xc000_0000;
  page.writeUInt32LE(data.length + flags, 8);
  data.copy(page, 16);
  if (typeof lost === 'number') page.writeBigUInt64LE(BigInt(lost), 16 + data.length);
  return page;
}
