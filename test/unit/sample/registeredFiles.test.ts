import { expect, it } from 'vitest';
import type { Request, Resource } from '../../../src/model/sample';
import { withRegisteredFiles } from '../../../src/sample/registeredFiles';

const request = (more: Partial<Request>): Request => ({
  ring: 1,
  operation: 'READ',
  fixedFile: 0,
  state: 'polling',
  certainty: 'certain',
  sources: ['ring memory'],
  ...more,
});
const resource = (fd: number, path: string): Resource => ({ fd, kind: 'file', path });

const NAMES = new Map([
  [
    1,
    new Map([
      [0, '/data/db'],
      [1, 'log'],
      [2, 'pipe:[42]'],
      [3, ''],
    ]),
  ],
]);

it('gives the path of a registered file where the kernel prints it, or one open file has its name', () => {
  const open = [resource(3, '/srv/log'), resource(4, '/srv/other')];
  const rows = [0, 1, 2, 3, 4].map((fixedFile) => request({ fixedFile }));
  const named = withRegisteredFiles(rows, NAMES, open);
  expect(named.map(({ path }) => path)).toEqual(['/data/db', '/srv/log', undefined, undefined, undefined]);
  expect(named[2]?.operands).toEqual([{ name: 'file', value: 'pipe:[42]' }]);
  expect(named[3]).toEqual(rows[3]);
});

it('takes no path where two open files have that name, nor from another ring, nor over a known one', () => {
  const open = [resource(3, '/a/log'), resource(4, '/b/log')];
  const rows = [
    request({ fixedFile: 1 }),
    request({ ring: 2 }),
    request({ path: '/known' }),
    request({ fd: 5, fixedFile: null }),
  ];
  const named = withRegisteredFiles(rows, NAMES, open);
  expect(named.map(({ path }) => path)).toEqual([undefined, undefined, '/known', undefined]);
});
