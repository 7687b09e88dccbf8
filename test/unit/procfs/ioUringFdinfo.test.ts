import { describe, expect, it } from 'vitest';
import { parseIoUringFdinfo } from '../../../src/procfs/ioUringFdinfo';
import { corpusText } from './corpus';

const HEAD = 'pos:\t0\nflags:\t02000002\nmnt_id:\t17\nino:\t314227\n';
const COUNTERS =
  'SqMask:\t0x3f\nSqHead:\t1\nSqTail:\t2\nCachedSqHead:\t1\nCqMask:\t0x7f\nCqHead:\t0\nCqTail:\t0\nCachedCqTail:\t0\n';
const TAIL = 'UserBufs:\t0\nPollList:\n  op=22, task_works=0\nCqOverflowList:\n';

describe('parseIoUringFdinfo, by kernel', () => {
  it('5.6: registered files and buffers only', () => {
    const ring = parseIoUringFdinfo(
      `${HEAD}UserFiles:\t2\n    0: log\n    1: <none>\nUserBufs:\t1\n    0: 0x1000/4096\n`,
    );
    expect(ring).toMatchObject({
      body: true,
      userFiles: 2,
      files: [{ index: 0, name: 'log' }],
      userBufs: 1,
      bufs: [{ index: 0, address: '0x1000', length: 4096 }],
      unreadable: 0,
    });
    expect(ring).not.toHaveProperty('sqThread');
  });

  it('5.7: the poll list, after the credentials of personalities', () => {
    const personality =
      'Personalities:\n    1\n\tUid:\t0\t\t0\t\t0\t\t0\n\tGid:\t0\t\t0\t\t0\t\t0\n\tGroups:\t0 4\n\tCapEff:\t1ff\n';
    const ring = parseIoUringFdinfo(
      `${HEAD}UserFiles:\t0\nUserBufs:\t0\n${personality}PollList:\n  op=6, task_works=1\n`,
    );
    expect(ring).toMatchObject({ polls: [{ opcode: 6, taskWork: true }], unreadable: 0 });
  });

  it('5.16: counters, and short SQE rows with the opcode as a number', () => {
    const ring = parseIoUringFdinfo(
      `${HEAD}${COUNTERS.replace('SqMask:\t', 'SqMask:\t\t')}SQEs:\t1\n    1: opcode:22, fd:3, flags:10, user_data:18446744073709551615\nCQEs:\t0\nSqThread:\t-1\nSqThreadCpu:\t-1\nUserFiles:\t0\n${TAIL}`,
    );
    expect(ring.counters).toEqual({
      sqMask: 63,
      sqHead: 1,
      sqTail: 2,
      cachedSqHead: 1,
      cqMask: 127,
      cqHead: 0,
      cqTail: 0,
      cachedCqTail: 0,
    });
    expect(ring.sqes).toEqual([
      { index: 1, opcode: '22', fd: 3, flags: 0x10, userData: 0xffffffffffffffffn },
    ]);
    expect(ring).toMatchObject({ sqThread: null, sqThreadCpu: null, unreadable: 0 });
  });

  it('6.1: SQE rows with every operand, and a blank line after each CQE32', () => {
    const ring = parseIoUringFdinfo(
      `${HEAD}${COUNTERS}SQEs:\t1\n   20: opcode:WRITE, fd:6, flags:2, off:18446744073709551615, addr:0x7f20a6d0d000, rw_flags:0x1a, buf_index:3 user_data:36865\nCQEs:\t1\n    0: user_data:40960, res:-11, flag:2, extra1:7, extra2:8\n\nSqThread:\t-1\nSqThreadCpu:\t-1\nUserFiles:\t0\n${TAIL}`,
    );
    expect(ring.sqes).toEqual([
      {
        index: 20,
        opcode: 'WRITE',
        fd: 6,
        flags: 2,
        offset: 0xffffffffffffffffn,
        address: '0x7f20a6d0d000',
        rwFlags: 0x1a,
        bufIndex: 3,
        userData: 36865n,
      },
    ]);
    expect(ring.cqes).toEqual([{ index: 0, userData: 40960n, result: -11, flags: 2, extra: [7n, 8n] }]);
    expect(ring.unreadable).toBe(0);
  });

  it('reads the first half of a 128-byte SQE', () => {
    const halves = [0, 1, 2, 3, 4, 5, 6, 7].map((n) => `, e${n}:0x${n}f`).join('');
    const ring = parseIoUringFdinfo(
      `${HEAD}${COUNTERS}SQEs:\t1\n    0: opcode:URING_CMD, fd:6, flags:0, off:0, addr:0x0, rw_flags:0x0, buf_index:0 user_data:1${halves}\nCQEs:\t0\n`,
    );
    expect(ring).toMatchObject({ sqes: [{ opcode: 'URING_CMD', userData: 1n }], unreadable: 0 });
  });

  it('6.9: times of the SQPOLL thread and the busy polling of sockets', () => {
    const ring = parseIoUringFdinfo(
      `${HEAD}${COUNTERS}SQEs:\t0\nCQEs:\t0\nSqThread:\t4642\nSqThreadCpu:\t1\nSqTotalTime:\t20569\nSqWorkTime:\t12\nUserFiles:\t0\n${TAIL}NAPI:\tenabled\nnapi tracking:\tdynamic\nnapi_busy_poll_dt:\t1\nnapi_prefer_busy_poll:\ttrue\n`,
    );
    expect(ring).toMatchObject({
      sqThread: 4642,
      sqThreadCpu: 1,
      sqTotalTime: 20569,
      sqWorkTime: 12,
      napi: 'enabled',
      unreadable: 0,
    });
  });

  it('6.18: paths of registered files, escaped; free slots are not printed', () => {
    const ring = parseIoUringFdinfo(
      `${HEAD}${COUNTERS}SQEs:\t0\nCQEs:\t0\nUserFiles:\t9\n    1: /a\\040b\\012c\\134d\n    7: pipe:[12]\n${TAIL}NAPI:\tdisabled\n`,
    );
    expect(ring.files).toEqual([
      { index: 1, name: '/a b\nc\\d' },
      { index: 7, name: 'pipe:[12]' },
    ]);
  });

  it('6.19 and later: `flags:` in CQE rows, SQEs said to be no good', () => {
    const ring = parseIoUringFdinfo(
      `${HEAD}${COUNTERS}SQEs:\t1\n    3: invalid sqe, 128B entry on non-mixed sq\nCQEs:\t1\n    0: user_data:1, res:0, flags:8000\nSqThread:\t-1\n`,
    );
    expect(ring).toMatchObject({ sqes: [], cqes: [{ flags: 0x8000 }], unreadable: 0 });
  });

  it('tells the kernel printed nothing of the ring', () => {
    expect(parseIoUringFdinfo(HEAD)).toMatchObject({ body: false, unreadable: 0, polls: [] });
    expect(parseIoUringFdinfo('')).toMatchObject({ body: false });
  });

  it('counts the lines it does not understand', () => {
    const ring = parseIoUringFdinfo(
      `${HEAD}${COUNTERS}SQEs:\t1\n    0: nonsense\nCQEs:\t0\nUserFiles:\t0\n${TAIL}what?\n`,
    );
    expect(ring.unreadable).toBe(2);
  });
});

describe('parseIoUringFdinfo, hostile names of registered files', () => {
  const withNames = (...names: string[]): string =>
    `${HEAD}${COUNTERS}SQEs:\t0\nCQEs:\t0\nSqThread:\t-1\nSqThreadCpu:\t-1\nUserFiles:\t${names.length}\n${names
      .map((name, index) => `${String(index).padStart(5)}: ${name}\n`)
      .join('')}${TAIL}`;

  it.each([
    'x\nSqHead:\t999\nSqThread:\t1',
    'x\nUserBufs:\t9\nPollList:\n  op=1, tas',
    'x\n    0: opcode:READ, fd:1, flags:0',
    'x\nCqOverflowList:\n  user_data=1, res',
    'x\nUserFiles:\t77',
  ])('%j forges nothing', (name) => {
    const plain = parseIoUringFdinfo(withNames('x', 'y'));
    const ring = parseIoUringFdinfo(withNames(name, 'y'));
    const { files: _files, unreadable, ...rest } = ring;
    const { files: _plainFiles, unreadable: _none, ...expected } = plain;
    expect(rest).toEqual(expected);
    expect(unreadable).toBeGreaterThan(0);
  });

  it('gives no name to a slot that stands twice', () => {
    expect(parseIoUringFdinfo(withNames('a\n    1: /etc/shadow', 'b')).files).toEqual([
      { index: 0, name: 'a' },
    ]);
    expect(parseIoUringFdinfo(withNames('a\n    7: c', 'b')).files).toHaveLength(2);
  });

  it('reads a real ring that has lost its end up to where it ends', () => {
    const text = corpusText('6.18/many-polls.ring');
    expect(parseIoUringFdinfo(text.slice(0, 1000))).toMatchObject({ unreadable: 1, userBufs: 0 });
  });
});
