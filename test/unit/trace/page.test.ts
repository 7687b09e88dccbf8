import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseHeaderPage, USUAL_PAGE } from '../../../src/trace/format';
import { readPage } from '../../../src/trace/page';
import { type Entry, pageOf } from './formats';

const ORIGIN = 1_000_000_000_000_000_000n;

function read(page: Buffer, layout = USUAL_PAGE) {
  const records: [number, string][] = [];
  const content = readPage(
    page,
    ORIGIN,
    (time, at, end) => records.push([time, page.toString('latin1', at, end)]),
    layout,
  );
  return { ...content, records };
}

const entry = (delta: number, text: string): Entry => [delta, Buffer.from(text, 'latin1')];

describe('a page of the ring buffer', () => {
  it('tells its records at their times, short ones and long ones, behind pauses of any length', () => {
    const long = 'x'.repeat(200);
    const page = pageOf(ORIGIN + 5n, [
      entry(0, 'one.'),
      entry(7, 'two.....'),
      entry(2 ** 27, long),
      entry(3, 'end.'),
    ]);
    expect(read(page)).toEqual({
      lost: 0,
      damaged: false,
      records: [
        [5, 'one.'],
        [12, 'two.....'],
        [12 + 2 ** 27, long],
        [15 + 2 ** 27, 'end.'],
      ],
    });
  });

  it('says how many events were lost before it, or that some were', () => {
    expect(read(pageOf(ORIGIN, [entry(1, 'here')], 4242))).toMatchObject({
      lost: 4242,
      records: [[1, 'here']],
    });
    expect(read(pageOf(ORIGIN, [entry(1, 'here')], 'uncounted'))).toMatchObject({ lost: 'unknown' });
  });

  it('counts the time of what was discarded, and takes absolute stamps for what they are', () => {
    const page = pageOf(ORIGIN, [entry(1, 'one.'), entry(5, 'gone'), entry(2, 'two.')]);
    // The second becomes padding: its length without the head stands in it.
    page.writeUInt32LE(29 + 5 * 32, 16 + 8);
    page.writeUInt32LE(4, 16 + 12);
    expect(read(page).records).toEqual([
      [1, 'one.'],
      [8, 'two.'],
    ]);
    const stamped = pageOf(ORIGIN, [entry(1, 'one.'), [0, Buffer.alloc(4)], entry(2, 'two.')]);
    const stamp = BigInt.asUintN(59, ORIGIN + 900n);
    stamped.writeUInt32LE(31 + Number(stamp & 0x7ff_ffffn) * 32, 16 + 8);
    stamped.writeUInt32LE(Number(stamp >> 27n), 16 + 12);
    expect(read(stamped).records).toEqual([
      [1, 'one.'],
      [902, 'two.'],
    ]);
  });

  it('ends where nothing more is written', () => {
    const page = pageOf(ORIGIN, [entry(1, 'one.'), [0, Buffer.alloc(4)]]);
    page.writeUInt32LE(29, 16 + 8);
    expect(read(page)).toMatchObject({ damaged: false, records: [[1, 'one.']] });
  });

  it('tells what stands before damage, and never throws', () => {
    const page = pageOf(ORIGIN, [entry(1, 'one.'), entry(1, 'two.')]);
    expect(read(page.subarray(0, 16 + 12))).toMatchObject({ damaged: true, records: [[1, 'one.']] });
    expect(read(Buffer.alloc(3))).toMatchObject({ damaged: true, records: [] });
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 300 }), (bytes) => {
        const hostile = Buffer.from(bytes);
        readPage(hostile, ORIGIN, (_, at, end) => {
          expect(at).toBeLessThan(end);
          expect(end).toBeLessThanOrEqual(hostile.length);
        });
      }),
    );
  });

  it('has its data where the kernel says', () => {
    const header = [
      '\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;',
      '\tfield: local_t commit;\toffset:8;\tsize:4;\tsigned:1;',
      '\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;',
      '\tfield: char data;\toffset:12;\tsize:4084;\tsigned:0;',
    ].join('\n');
    expect(parseHeaderPage(header.replaceAll('field: ', 'field: '))).toEqual({ commitSize: 4, data: 12 });
    expect(parseHeaderPage('nothing')).toEqual(USUAL_PAGE);
  });
});
