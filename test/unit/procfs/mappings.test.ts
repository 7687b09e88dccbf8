import { describe, expect, it } from 'vitest';
import { aioMappings, mappingAt, parseMaps, ringMappings } from '../../../src/procfs/maps';
import { parseMountinfo } from '../../../src/procfs/mountinfo';
import { corpusText } from './corpus';

describe('parseMaps', () => {
  const row = (path: string): string =>
    `7f2067c5c000-7f2067c5d000 rw-s 10000000 fe:01 314227                     ${path}\n`;

  it('reads a row', () => {
    expect(parseMaps(row('/lib/x y')).rows).toEqual([
      {
        start: 0x7f2067c5c000n,
        end: 0x7f2067c5d000n,
        perms: 'rw-s',
        offset: 0x10000000n,
        device: '254:1',
        inode: 314227,
        path: '/lib/x y',
        deleted: false,
      },
    ]);
  });

  it.each([
    ['/a\\012b (deleted)', { path: '/a\nb', deleted: true }],
    ['[stack]', { path: '[stack]', deleted: false }],
    ['/ends with a blank ', { path: '/ends with a blank ' }],
    ['/\u2028line', { path: '/\u2028line' }],
  ])('path %j', (path, expected) => {
    expect(parseMaps(row(path)).rows[0]).toMatchObject(expected);
  });

  it('knows anonymous memory and addresses of 64 bits', () => {
    const { rows } = parseMaps('ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 \n');
    expect(rows[0]).toMatchObject({ start: 0xffffffffff600000n, perms: '--xp', inode: 0 });
    expect(rows[0]).not.toHaveProperty('path');
  });

  it('counts what is no row', () => {
    expect(parseMaps(`x\n${row('/a')}7f-80 rwxp 0 0:0\n`)).toMatchObject({
      unreadable: 2,
      rows: [{ path: '/a' }],
    });
  });

  it('finds the mappings of rings, and no file that is named so', () => {
    const text =
      row('/x') +
      row('anon_inode:[io_uring]') +
      row('/d/anon_inode:[io_uring]') +
      row('anon_inode:[io_uring]');
    expect(ringMappings(text)).toEqual(
      parseMaps(text).rows.filter(({ path }) => path === 'anon_inode:[io_uring]'),
    );
    expect(ringMappings(text)).toHaveLength(2);
    expect(ringMappings('')).toEqual([]);
  });

  it('finds the rings of Linux AIO: shared, deleted from the start, and whole', () => {
    const ring = row('/[aio] (deleted)').replace('10000000', '00000000');
    const part = row('/[aio] (deleted)');
    expect(aioMappings(row('/[aio]') + ring + row('/d/[aio] (deleted)') + part)).toEqual(
      parseMaps(ring).rows,
    );
    expect(parseMaps(ring).rows).toHaveLength(1);
  });
});

describe('mappingAt', () => {
  const text = ['1000-2000', '2000-3000', '5000-6000', '7ff0000-7ff1000', 'ffffffffff600000-ffffffffff601000']
    .map((range, index) => `${range} r--p 00000000 00:00 0 ${index % 2 ? '' : ' /a'.repeat(index * 40)}\n`)
    .join('');

  it('finds what parseMaps finds, at each edge of each mapping', () => {
    const { rows } = parseMaps(text);
    expect(rows).toHaveLength(5);
    const edges = rows.flatMap(({ start, end }) => [start - 1n, start, end - 1n, end]);
    for (const address of [0n, ...edges, 2n ** 64n])
      expect(mappingAt(text, address)).toEqual(
        rows.find(({ start, end }) => start <= address && address < end),
      );
    expect(mappingAt(text.trimEnd(), 0x5000n)).toEqual(rows[2]);
  });

  it.each(['', '\n', '\n\n\n', 'no row', 'no row\n'.repeat(9)])('finds nothing in %j', (hostile) => {
    expect(mappingAt(hostile, 0x1000n)).toBeUndefined();
  });
});

describe('parseMountinfo', () => {
  it('reads a row', () => {
    expect(parseMountinfo(corpusText('6.18/fuse.mountinfo')).rows.find(({ id }) => id === 46)).toEqual({
      id: 46,
      parent: 27,
      device: '0:40',
      root: '/',
      mountPoint: '/srv/lab/mnt/hang',
      options: ['rw', 'nosuid', 'nodev', 'relatime'],
      fsType: 'fuse.hangfs',
      source: 'hangfs',
      superOptions: ['rw', 'user_id=0', 'group_id=0', 'allow_other'],
    });
  });

  it('skips any number of optional fields, decodes names, allows an empty source', () => {
    const { rows } = parseMountinfo(
      '36 35 98:0 /mnt\\0401 /a\\011b\\134c rw master:1 shared:2 propagate_from:3 - fuse.x\\040y  rw,a=\\054\n',
    );
    expect(rows[0]).toMatchObject({
      root: '/mnt 1',
      mountPoint: '/a\tb\\c',
      fsType: 'fuse.x y',
      source: '',
      superOptions: ['rw', 'a=,'],
    });
  });

  it.each([
    '36 35 98:0 / /mnt rw shared:1\n',
    'x 35 98:0 / / rw - a b c\n',
    '36 35 98 / / rw - a b c\n',
    '36 35 98:0 / / rw - a b\n',
  ])('counts %j as unreadable', (text) => {
    expect(parseMountinfo(text)).toEqual({ rows: [], unreadable: 1 });
  });
});
