import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseBlockStat } from '../../../src/procfs/blockStat';
import { parseCmdline } from '../../../src/procfs/cmdline';
import { parseEventpoll } from '../../../src/procfs/eventpollFdinfo';
import { parseInetTable } from '../../../src/procfs/inet';
import { type IoUringFdinfo, parseIoUringFdinfo } from '../../../src/procfs/ioUringFdinfo';
import { parseMountinfo } from '../../../src/procfs/mountinfo';
import { parseSignalfd } from '../../../src/procfs/signalfdFdinfo';
import { parseStack } from '../../../src/procfs/stack';
import { parseStatus } from '../../../src/procfs/status';
import { parseSyscall } from '../../../src/procfs/syscall';
import { parseTimerfd } from '../../../src/procfs/timerfdFdinfo';
import {
  FDINFO_HEAD,
  octalEscaped,
  printRing,
  prints,
  RING_LAYOUTS,
  type RingLayout,
  statusEscaped,
} from './printers';

const SEED = 20250901;
const runs = { seed: SEED, numRuns: 200 };

const u32 = fc.nat({ max: 0xffffffff });
const u64 = fc.bigInt({ min: 0n, max: 0xffffffffffffffffn });
const s32 = fc.integer({ min: -0x80000000, max: 0x7fffffff });
const hexWord = u64.map((value) => `0x${value.toString(16)}`);
/** What a path or a name may hold: anything but NUL. */
const anyName = fc.string({ unit: 'grapheme', maxLength: 40 }).map((text) => text.replaceAll('\0', ''));

/** A ring as the kernel of `layout` could print it, with names that are not hostile. */
function rings(layout: RingLayout): fc.Arbitrary<IoUringFdinfo> {
  const counters = prints(layout, '5.16');
  const full = prints(layout, '6.1');
  const name = prints(layout, '6.18')
    ? anyName.map((text) => `/${text}`)
    : fc.stringMatching(/^[a-z. ]{0,12}$/);
  const cqe = { userData: u64, result: s32, flags: u32 };
  return fc
    .record({
      body: fc.constant(true),
      ...(counters
        ? {
            counters: fc.record({
              ...{ sqMask: u32, sqHead: u32, sqTail: u32, cachedSqHead: u32 },
              ...{ cqMask: u32, cqHead: u32, cqTail: u32, cachedCqTail: u32 },
            }),
            sqeCount: u32,
            cqeCount: u32,
          }
        : {}),
      ...(prints(layout, '5.11')
        ? { sqThread: fc.option(fc.nat()), sqThreadCpu: fc.option(fc.nat({ max: 8191 })) }
        : {}),
      ...(prints(layout, '6.9') ? { sqTotalTime: u32, sqWorkTime: u32, napi: fc.constant('disabled') } : {}),
      sqes: counters
        ? fc.array(
            fc.record({
              ...{ index: fc.nat({ max: 32767 }), fd: s32, flags: fc.nat({ max: 255 }), userData: u64 },
              opcode: full
                ? fc.constantFrom('READ', 'SENDMSG_ZC', 'EPOLL', 'OPENAT2')
                : fc.nat({ max: 255 }).map(String),
              ...(full
                ? { offset: u64, address: hexWord, rwFlags: u32, bufIndex: fc.nat({ max: 65535 }) }
                : {}),
            }),
            { maxLength: 4 },
          )
        : fc.constant([]),
      cqes: counters
        ? fc.array(
            fc.oneof(
              fc.record({ index: fc.nat({ max: 65535 }), ...cqe }),
              fc.record({ index: fc.nat({ max: 65535 }), ...cqe, extra: fc.tuple(u64, u64) }),
            ),
            { maxLength: 4 },
          )
        : fc.constant([]),
      userFiles: fc.constant(6),
      files: fc.uniqueArray(fc.record({ index: fc.nat({ max: 5 }), name }), {
        selector: (file) => file.index,
      }),
      userBufs: u32,
      bufs: fc.array(fc.record({ index: fc.nat({ max: 9999 }), address: hexWord, length: u32 }), {
        maxLength: 3,
      }),
      polls: prints(layout, '5.7')
        ? fc.array(fc.record({ opcode: fc.nat({ max: 255 }), taskWork: fc.boolean() }), { maxLength: 4 })
        : fc.constant([]),
      overflow: counters ? fc.array(fc.record(cqe), { maxLength: 4 }) : fc.constant([]),
      unreadable: fc.constant(0),
    })
    .map((ring) => ({ ...ring, files: ring.files.toSorted((a, b) => a.index - b.index) }) as IoUringFdinfo);
}

describe(`what the kernel prints of a record is read back (seed ${SEED})`, () => {
  it.each(RING_LAYOUTS)('a ring as %s prints it', (layout) => {
    fc.assert(
      fc.property(rings(layout), (ring) => {
        expect(parseIoUringFdinfo(printRing(ring, layout))).toEqual(ring);
      }),
      runs,
    );
  });

  it('a stack', () => {
    const frame = fc.record({
      function: fc.stringMatching(/^[a-zA-Z_$.][\w$.]{0,40}$/),
      offset: u32,
      size: u32,
      module: fc.option(fc.stringMatching(/^[a-z0-9_]{1,20}$/)),
    });
    fc.assert(
      fc.property(fc.array(frame), (frames) => {
        const lines = frames.map(
          (f) =>
            `[<0>] ${f.function}+0x${f.offset.toString(16)}/0x${f.size.toString(16)}${f.module ? ` [${f.module}]` : ''}\n`,
        );
        expect(parseStack(lines.join(''))).toEqual(frames);
      }),
      runs,
    );
  });

  it('a system call', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 500 }),
        fc.array(hexWord, { minLength: 8, maxLength: 8 }),
        (number, words) => {
          expect(parseSyscall(`${number} ${words.join(' ')}\n`)).toEqual({
            kind: 'inside',
            number,
            args: words.slice(0, 6),
            sp: words[6],
            pc: words[7],
          });
        },
      ),
      runs,
    );
  });

  it('a status', () => {
    fc.assert(
      fc.property(
        anyName,
        fc.array(fc.nat(), { minLength: 1, maxLength: 32 }),
        u64,
        (name, nsPid, capEff) => {
          const text = `Name:\t${statusEscaped(name)}\nUmask:\t0022\nState:\tD (disk sleep)\nNSpid:\t${nsPid.join('\t')}\nCapEff:\t${capEff.toString(16).padStart(16, '0')}\n`;
          expect(parseStatus(text)).toEqual({ name, state: 'D', nsPid, capEff });
        },
      ),
      runs,
    );
  });

  it('a command line', () => {
    fc.assert(
      fc.property(fc.array(anyName), (args) => {
        fc.pre(args.at(-1) !== '');
        expect(parseCmdline(args.map((arg) => `${arg}\0`).join(''))).toEqual(args);
      }),
      runs,
    );
  });

  it('a mount', () => {
    const escaped = (text: string): string => octalEscaped(text, ' \t\n\\');
    const optional = fc.array(fc.constantFrom('shared:1', 'master:2', 'propagate_from:3', 'unbindable'), {
      maxLength: 4,
    });
    const option = anyName.map((text) => text.replaceAll(',', ''));
    const mount = fc.record({
      id: fc.nat(),
      parent: fc.nat(),
      device: fc
        .tuple(fc.nat({ max: 4095 }), fc.nat({ max: 1048575 }))
        .map(([major, minor]) => `${major}:${minor}`),
      root: anyName.map((text) => `/${text}`),
      mountPoint: anyName.map((text) => `/${text}`),
      options: fc.constant(['rw', 'noatime']),
      fsType: fc.stringMatching(/^[a-z0-9.]{1,12}$/),
      source: anyName,
      superOptions: fc.array(option, { minLength: 1, maxLength: 4 }),
    });
    fc.assert(
      fc.property(mount, optional, (row, fields) => {
        const words = [
          ...[
            row.id,
            row.parent,
            row.device,
            escaped(row.root),
            escaped(row.mountPoint),
            row.options.join(','),
          ],
          ...[...fields, '-', row.fsType, escaped(row.source), row.superOptions.map(escaped).join(',')],
        ];
        expect(parseMountinfo(`${words.join(' ')}\n`)).toEqual({ rows: [row], unreadable: 0 });
      }),
      runs,
    );
  });

  it('an epoll set', () => {
    const row = fc.record({ fd: fc.nat(), events: u32, data: u64, inode: u32 });
    fc.assert(
      fc.property(fc.array(row), fc.nat({ max: 4095 }), fc.nat({ max: 1048575 }), (rows, major, minor) => {
        const device = (major * 0x100000 + minor).toString(16);
        const text = rows.map(
          (r) =>
            `tfd: ${String(r.fd).padStart(8)} events: ${r.events.toString(16).padStart(8)} data: ${r.data.toString(16).padStart(16)}  pos:0 ino:${r.inode.toString(16)} sdev:${device}\n`,
        );
        const expected = rows.map((r) => ({ ...r, device: `${major}:${minor}` }));
        expect(parseEventpoll(FDINFO_HEAD + text.join(''))).toEqual({ rows: expected, unreadable: 0 });
      }),
      runs,
    );
  });

  it('a timer and a signal mask', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.nat({ max: 999999999 }),
        fc.nat(),
        u64,
        (seconds, nanoseconds, ticks, mask) => {
          const text = `${FDINFO_HEAD}clockid: 7\nticks: ${ticks}\nsettime flags: 01\nit_value: (${seconds}, ${nanoseconds})\nit_interval: (0, 0)\n`;
          expect(parseTimerfd(text)).toEqual({
            clockId: 7,
            ticks,
            value: seconds + nanoseconds / 1e9,
            interval: 0,
          });
          const read = parseSignalfd(`${FDINFO_HEAD}sigmask:\t${mask.toString(16).padStart(16, '0')}\n`);
          expect(read?.signals.reduce((sum, signal) => sum | (1n << BigInt(signal - 1)), 0n)).toBe(mask);
        },
      ),
      runs,
    );
  });

  it('an IPv4 connection', () => {
    const address = fc.tuple(
      fc.nat({ max: 255 }),
      fc.nat({ max: 255 }),
      fc.nat({ max: 255 }),
      fc.nat({ max: 255 }),
    );
    const hex = (number: number, digits: number): string =>
      number.toString(16).toUpperCase().padStart(digits, '0');
    fc.assert(
      fc.property(
        address,
        fc.nat({ max: 65535 }),
        u32,
        u32,
        fc.nat(),
        (bytes, port, send, receive, inode) => {
          const word = bytes
            .toReversed()
            .map((byte) => hex(byte, 2))
            .join('');
          const row = `   7: ${word}:${hex(port, 4)} ${word}:0000 01 ${hex(send, 8)}:${hex(receive, 8)} 00:00000000 00000000  1000        0 ${inode} 1 0000000000000000 20\n`;
          expect(parseInetTable(row, 'tcp').rows).toEqual([
            {
              inode,
              local: `${bytes.join('.')}:${port}`,
              peer: `${bytes.join('.')}:0`,
              state: 'ESTABLISHED',
              sendQueue: send,
              receiveQueue: receive,
              retransmits: 0,
              uid: 1000,
            },
          ]);
        },
      ),
      runs,
    );
  });

  it('the counters of a block device', () => {
    fc.assert(
      fc.property(fc.array(u32, { minLength: 17, maxLength: 17 }), (n) => {
        expect(parseBlockStat(`${n.map((value) => String(value).padStart(8)).join(' ')}\n`)).toMatchObject({
          readsCompleted: n[0],
          writesCompleted: n[4],
          inFlight: n[8],
          discards: n[11],
          flushes: n[15],
        });
      }),
      runs,
    );
  });
});
