import { expect, it } from 'vitest';
import type { ReadResult } from '../../../../src/probe/protocol';
import { readPolls } from '../../../../src/source/go/polls';
import { ProcessMemory } from '../../../../src/source/origin/processMemory';
import { FakeProcess, PID } from '../fakeProcess';

const DESCRIPTIONS = 0x7f00_0000_0000;
const READER = 0xc0_0000_0000;
const WRITER = 0xc0_0000_1000;

/** A process with one epoll set. */
class Polling extends FakeProcess {
  fdinfo = '';

  override async read(paths: readonly string[]): Promise<ReadResult[]> {
    const others = await super.read(paths);
    return paths.map((path, index) =>
      path.endsWith('/fdinfo/5')
        ? { ok: true, data: Buffer.from(this.fdinfo), truncated: false }
        : (others[index] ?? { ok: false, errno: 'ENOENT' }),
    );
  }
}

async function polls(words: readonly (readonly [number, number])[], data: bigint, fd = 9) {
  const target = new Polling();
  const description = Buffer.alloc(4096);
  for (const [at, word] of words) description.writeBigUInt64LE(BigInt(word), 0x100 + at);
  target.mappings = [{ start: DESCRIPTIONS, end: DESCRIPTIONS + 0x1000, perms: 'rw-p', data: description }];
  target.fdinfo = `pos:\t0\nflags:\t02000002\ntfd: ${fd} events: 8000201d data: ${data.toString(16)} pos:0 ino:1 sdev:8\n`;
  const memory = new ProcessMemory(target, PID);
  await memory.open();
  const known = new Set([READER, WRITER]);
  return Object.fromEntries(await readPolls(target, memory, PID, [5], (address) => known.has(address)));
}

const AT = BigInt(DESCRIPTIONS + 0x100);
/** As `runtime.taggedPointerPack` has it, with the number of its use. */
const TAGGED = (AT << 16n) | 3n;
const BOTH = { [READER]: { fd: 9, for: 'read' }, [WRITER]: { fd: 9, for: 'write' } };

it.for([
  [
    '1.16',
    [
      [16, 9],
      [40, READER],
      [120, WRITER],
    ],
    AT,
  ],
  [
    '1.18',
    [
      [8, 9],
      [24, READER],
      [32, WRITER],
    ],
    AT,
  ],
  [
    '1.21',
    [
      [8, 9],
      [16, 3],
      [32, READER],
      [40, WRITER],
    ],
    TAGGED,
  ],
] as const)('who reads and who writes is told, of Go %s', async ([, words, data]) => {
  expect(await polls(words, data)).toEqual(BOTH);
});

it('one alone is the one it is, in each version', async () => {
  expect(
    await polls(
      [
        [8, 9],
        [32, WRITER],
      ],
      AT,
    ),
  ).toEqual({ [WRITER]: BOTH[WRITER] });
  expect(
    await polls(
      [
        [8, 9],
        [32, READER],
      ],
      TAGGED,
    ),
  ).toEqual({ [READER]: BOTH[READER] });
  expect(
    await polls(
      [
        [8, 9],
        [40, WRITER],
      ],
      TAGGED,
    ),
  ).toEqual({ [WRITER]: BOTH[WRITER] });
});

it('what is of another descriptor, ready, or of no goroutine is left out', async () => {
  expect(
    await polls(
      [
        [8, 8],
        [24, READER],
      ],
      AT,
    ),
  ).toEqual({});
  expect(
    await polls(
      [
        [8, 9],
        [24, 1],
        [32, 2],
      ],
      AT,
    ),
  ).toEqual({});
  expect(
    await polls(
      [
        [8, 9],
        [24, READER + 8],
      ],
      AT,
    ),
  ).toEqual({});
  expect(
    await polls(
      [
        [8, 9],
        [24, READER],
      ],
      AT + 0x10_0000n,
    ),
  ).toEqual({});
  expect(
    await polls(
      [
        [8, 9],
        [24, READER],
      ],
      0xffff_ffff_ffff_ffffn,
    ),
  ).toEqual({});
  expect(
    await polls(
      [
        [8, 9],
        [24, READER],
      ],
      AT + 4n,
    ),
  ).toEqual({});
});
