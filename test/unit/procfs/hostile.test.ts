import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseFdLink } from '../../../src/procfs/fdLink';
import { parseIoUringFdinfo } from '../../../src/procfs/ioUringFdinfo';
import { parseMaps, ringMappings } from '../../../src/procfs/maps';
import { parseSched } from '../../../src/procfs/sched';
import { parseStack } from '../../../src/procfs/stack';
import { parseStat } from '../../../src/procfs/stat';
import { parseStatus } from '../../../src/procfs/status';
import { parseUnixTable } from '../../../src/procfs/unix';
import { corpus, corpusText } from './corpus';
import { everyParser } from './everyParser';
import { printMapping, printRing, prints, printUnix, RING_LAYOUTS, statusEscaped } from './printers';

const SEED = 20250902;
const runs = { seed: SEED, numRuns: 300 };

/** Pieces that mean something to some parser. */
const FORGED = [
  ...[
    '\n',
    '\n\n',
    '\0',
    ')',
    ') R 1 1 1 0 -1 0 ',
    ' (deleted)',
    '\u001b[31m',
    '\u001b]0;title\u0007',
    '\ufffd',
    '\\n',
    '\\012',
  ],
  ...[
    '\nPid:\t1',
    '\nState:\tD',
    '\n[<0>] io_read+0x1/0x2\n',
    '\nse.exec_start:',
    '\nSqHead:\t9',
    '\nSqThread:\t1',
  ],
  ...['\nUserFiles:\t9', '\nUserBufs:\t9', '\nPollList:', '\n  op=1, task_works=0', '\nCqOverflowList:'],
  ...[
    '\n    0: opcode:READ',
    '\n    1: x',
    '\n  user_data=1, res=0, flags=0',
    'anon_inode:[io_uring]',
    'pipe:[1]',
  ],
  ...['\n7f00-7f01 rw-s 0 0:0 1 ', printUnix(8, '/forged').trimEnd(), `x\n${printUnix(9, undefined)}`],
];
const hostileName = fc
  .array(fc.oneof(fc.constantFrom(...FORGED), fc.string({ unit: 'binary', maxLength: 6 })), { maxLength: 5 })
  .map((pieces) => pieces.join(''));
const withoutNul = hostileName.map((name) => name.replaceAll('\0', ''));
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc
    .array(fc.constantFrom(...FORGED, ' ', '\t', ':', '0', '-', '0x', '9'.repeat(400), 'f'.repeat(400)), {
      maxLength: 40,
    })
    .map((pieces) => pieces.join('')),
);

/** No value holds a number that is none. */
function expectSound(value: unknown): void {
  if (typeof value === 'number') {
    expect(value).not.toBeNaN();
  } else if (value instanceof Map) {
    value.forEach(expectSound);
  } else if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(expectSound);
  }
}

describe(`hostile text (seed ${SEED})`, () => {
  it('is tried on every parser', () => {
    expect(everyParser.length).toBeGreaterThanOrEqual(35);
  });

  it.each(everyParser)('$name never throws and gives no broken number', ({ parse }) => {
    fc.assert(
      fc.property(anyText, (text) => {
        expectSound(parse(text));
      }),
      runs,
    );
  });

  it.each(corpus)('$name, cut off or damaged, breaks no parser', ({ text }) => {
    const damage = fc.record({
      end: fc.nat({ max: text.length }),
      at: fc.nat({ max: text.length }),
      piece: hostileName,
    });
    fc.assert(
      fc.property(damage, ({ end, at, piece }) => {
        const damaged = text.slice(0, Math.min(at, end)) + piece + text.slice(Math.min(at + 1, end), end);
        for (const { parse } of everyParser) {
          expectSound(parse(damaged.slice(0, 6000)));
        }
      }),
      { seed: SEED, numRuns: 12 },
    );
  });

  it('flipped bytes break no parser', () => {
    const file = fc.constantFrom(...corpus.filter(({ text }) => text.length < 8000));
    const flips = fc.array(fc.tuple(fc.nat({ max: 8000 }), fc.integer({ min: 1, max: 255 })), {
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(file, flips, ({ text }, places) => {
        const bytes = Buffer.from(text);
        for (const [at, mask] of places) {
          const place = at % bytes.length;
          bytes[place] = (bytes[place] ?? 0) ^ mask;
        }
        for (const { parse } of everyParser) {
          expectSound(parse(bytes.toString('utf8')));
        }
      }),
      { seed: SEED, numRuns: 150 },
    );
  });
});

describe(`hostile names (seed ${SEED})`, () => {
  it('a task keeps its own fields in stat and status', () => {
    const stat = 'S 4062 4061 9127 0 -1 4194560 353 0 0 0 7 9 0 0 20 0 3 0 507294 2359296 451';
    fc.assert(
      fc.property(hostileName, (name) => {
        expect(parseStat(`1 (${name}) ${stat}\n`)).toMatchObject({
          comm: name,
          state: 'S',
          ppid: 4062,
          startTime: 507294,
        });
        expect(parseStatus(`Name:\t${statusEscaped(name)}\nState:\tS (sleeping)\nPid:\t7\n`)).toEqual({
          name,
          state: 'S',
          pid: 7,
        });
      }),
      runs,
    );
  });

  it('a task cannot say when it last ran', () => {
    const rule = '-'.repeat(67);
    fc.assert(
      fc.property(hostileName, (name) => {
        const text = `${name.slice(0, 15)} (7, #threads: 1)\n${rule}\nse.exec_start   :   1500.250000\n`;
        expect(parseSched(text)).toEqual({ execStart: 1.50025 });
      }),
      runs,
    );
  });

  it('a file is one mapping, and no ring', () => {
    fc.assert(
      fc.property(withoutNul, (name) => {
        const path = `/${name}`;
        const text = printMapping(1, path) + printMapping(2, 'anon_inode:[io_uring]') + printMapping(3, path);
        expect(parseMaps(text)).toMatchObject({
          rows: [{ inode: 1 }, { inode: 2 }, { inode: 3 }],
          unreadable: 0,
        });
        expect(ringMappings(text).map(({ inode }) => inode)).toEqual([2]);
      }),
      runs,
    );
  });

  it('an open file is a path, whatever its name looks like', () => {
    fc.assert(
      fc.property(withoutNul, fc.boolean(), (name, deleted) => {
        fc.pre(!name.endsWith(' (deleted)'));
        const path = `/srv/${name}`;
        expect(parseFdLink(deleted ? `${path} (deleted)` : path)).toEqual({ kind: 'path', path, deleted });
      }),
      runs,
    );
  });

  it.each(RING_LAYOUTS)('registered files change nothing else of a ring as %s prints it', (layout) => {
    const ring = (names: readonly string[]): ReturnType<typeof parseIoUringFdinfo> => ({
      body: true,
      counters: {
        sqMask: 7,
        sqHead: 1,
        sqTail: 3,
        cachedSqHead: 1,
        cqMask: 15,
        cqHead: 0,
        cqTail: 1,
        cachedCqTail: 1,
      },
      sqes: [],
      sqeCount: 2,
      cqes: [{ index: 0, userData: 5n, result: 1, flags: 0 }],
      cqeCount: 1,
      sqThread: 77,
      sqThreadCpu: 1,
      sqTotalTime: 20,
      sqWorkTime: 10,
      userFiles: names.length,
      files: names.map((name, index) => ({ index, name })),
      userBufs: 1,
      bufs: [{ index: 0, address: '0x1000', length: 4096 }],
      polls: [{ opcode: 22, taskWork: false }],
      overflow: [{ userData: 6n, result: 0, flags: 0 }],
      unreadable: 0,
    });
    fc.assert(
      fc.property(fc.array(withoutNul, { minLength: 1, maxLength: 4 }), (names) => {
        // The kernels that escape names print whole paths, which are read back as they are.
        const escaped = prints(layout, '6.18');
        const printed = escaped ? names.map((name) => `/${name}`) : names;
        const plain = parseIoUringFdinfo(printRing(ring(names.map(() => 'x')), layout));
        const read = parseIoUringFdinfo(printRing(ring(printed), layout));
        expect({ ...read, files: [], unreadable: 0 }).toEqual({ ...plain, files: [], unreadable: 0 });
        for (const { index, name } of read.files) {
          expect(escaped ? printed[index] : printed[index]?.split('\n')[0]).toBe(name);
        }
      }),
      runs,
    );
  });

  it('a socket whose path forges rows hides at most what it names', () => {
    fc.assert(
      fc.property(withoutNul, (name) => {
        const text = printUnix(7, `/${name}`) + printUnix(8, '/run/real') + printUnix(10, undefined);
        const { rows } = parseUnixTable(text);
        expect(rows.find(({ inode }) => inode === 10)).toMatchObject({ inode: 10 });
        expect(rows.filter(({ inode }) => inode === 8).every(({ path }) => path === '/run/real')).toBe(true);
      }),
      runs,
    );
  });

  it('a stack holds only what the kernel printed as a frame', () => {
    const real = corpusText('6.18/fuse.stack');
    fc.assert(
      fc.property(hostileName, (name) => {
        const line = name.replaceAll('\n', ' ');
        expect(parseStack(`${line}\n${real}`)).toEqual(parseStack(real));
      }),
      runs,
    );
  });
});
