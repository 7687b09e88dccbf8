import { describe, expect, it } from 'vitest';
import type { Resource, Ring } from '../../../src/model/sample';
import { parseIoUringFdinfo } from '../../../src/procfs/ioUringFdinfo';
import { namedSlots, printedSlots, slotNames, withWalkedSlots } from '../../../src/sample/registeredSlots';

const printed = (files: string, bufs: string) =>
  printedSlots(parseIoUringFdinfo(`SqThread:\t-1\n${files}${bufs}PollList:\nCqOverflowList:\n`));

const ring = (more: Partial<Ring>): Ring => ({
  ...{ id: 1, fd: 3, owner: 7, setup: [], readable: true },
  ...more,
});

describe('printedSlots', () => {
  it('lists what is in use, of each kernel’s way to print a free slot', () => {
    expect(
      printed(
        'UserFiles:\t5\n    0: /a\\040b\n    1: <none>\n    2: socket:[7]\n    3: anon_inode:[eventfd]\n    4: log\n',
        'UserBufs:\t4\n    0: 0x7f00/4096\n    1: <none>\n    2: 0xffffffffffffffff/4294967295\n    3: 0x0/512\n',
      ),
    ).toEqual({
      fileSlots: [
        { index: 0, path: '/a b' },
        { index: 2, kind: 'socket', name: 'socket:[7]' },
        { index: 3, kind: 'eventfd', name: 'anon_inode:[eventfd]' },
        { index: 4, name: 'log' },
      ],
      bufferSlots: [
        { index: 0, address: '0x7f00', length: 4096 },
        { index: 3, kernelOwned: true, length: 512 },
      ],
    });
  });

  it('says nothing of tables that are not there, and of no more than 1,024 slots', () => {
    expect(printed('UserFiles:\t0\n', 'UserBufs:\t0\n')).toEqual({});
    const rows = Array.from({ length: 3000 }, (_, index) => `    ${index}: /${index}\n`).reverse();
    const { fileSlots = [] } = printed(`UserFiles:\t3000\n${rows.join('')}`, 'UserBufs:\t0\n');
    expect(fileSlots.map(({ index }) => index)).toEqual(Array.from({ length: 1024 }, (_, index) => index));
  });

  it('takes no name that a file’s own forges', () => {
    const forged = printed(
      'UserFiles:\t3\n    0: a\n    1: /etc/shadow\n    1: x\n    2: <none>\n',
      'UserBufs:\t1\n',
    );
    expect(forged).toEqual({ fileSlots: [{ index: 0, name: 'a' }], bufferSlots: [] });
  });
});

describe('withWalkedSlots', () => {
  const before = ring({
    registeredFiles: 4,
    registeredBuffers: 1,
    fileSlots: [
      { index: 0, path: '/old' },
      { index: 1, path: '/dir/db' },
      { index: 2, path: '/dir/gone (deleted)' },
      { index: 3, path: '/dir/replaced' },
    ],
    bufferSlots: [{ index: 0, address: '0x1000', length: 1 }],
  });

  it('takes the path that fdinfo prints for the same file only', () => {
    const files = [
      { index: 1, direct: true, kind: 'file', name: 'db' },
      { index: 2, direct: true, kind: 'file', name: 'gone' },
      { index: 3, direct: true, kind: 'file', name: 'new' },
    ] as const;
    expect(withWalkedSlots(before, { files, buffers: [], groups: [] })).toMatchObject({
      fileSlots: [
        { index: 1, direct: true, kind: 'file', path: '/dir/db' },
        { index: 2, direct: true, kind: 'file', path: '/dir/gone (deleted)' },
        { index: 3, direct: true, kind: 'file', name: 'new' },
      ],
      bufferSlots: [],
    });
  });

  it('keeps what fdinfo has where the walk could not read a table', () => {
    expect(withWalkedSlots(before, { groups: [] })).toEqual(before);
  });
});

describe('namedSlots', () => {
  const resources: readonly Resource[] = [
    { fd: 5, kind: 'pipe', link: 'pipe:[3]' },
    { fd: 6, kind: 'file', path: '/dir/db' },
  ];

  it('names slots by their descriptors, and gives requests their paths', () => {
    const named = namedSlots(
      ring({
        fileSlots: [
          { index: 0, fd: 5 },
          { index: 1, fd: 6 },
          { index: 2, fd: 99 },
          { index: 3, path: '/dir/db' },
        ],
      }),
      resources,
    );
    expect(named.fileSlots).toEqual([
      { index: 0, fd: 5, kind: 'pipe', name: 'pipe:[3]' },
      { index: 1, fd: 6, kind: 'file', path: '/dir/db' },
      { index: 2, fd: 99 },
      { index: 3, kind: 'file', path: '/dir/db' },
    ]);
    const names = slotNames(
      new Map([
        [
          1,
          new Map([
            [1, 'db'],
            [2000, '/far'],
          ]),
        ],
      ]),
      [named],
    );
    expect(names.get(1)).toEqual(
      new Map([
        [1, '/dir/db'],
        [2000, '/far'],
        [3, '/dir/db'],
      ]),
    );
  });
});
