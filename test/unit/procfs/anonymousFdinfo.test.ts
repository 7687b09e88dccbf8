import { describe, expect, it } from 'vitest';
import { parseEventfd } from '../../../src/procfs/eventfdFdinfo';
import { parseEventpoll } from '../../../src/procfs/eventpollFdinfo';
import { parseFanotify } from '../../../src/procfs/fanotifyFdinfo';
import { parseFuse } from '../../../src/procfs/fuseFdinfo';
import { parseInotify } from '../../../src/procfs/inotifyFdinfo';
import { parsePidfd } from '../../../src/procfs/pidfdFdinfo';
import { parsePtmx } from '../../../src/procfs/ptmxFdinfo';
import { parseSignalfd } from '../../../src/procfs/signalfdFdinfo';
import { parseTimerfd } from '../../../src/procfs/timerfdFdinfo';
import { parseUserfaultfd } from '../../../src/procfs/userfaultfdFdinfo';
import { corpusText } from './corpus';

const HEAD = 'pos:\t0\nflags:\t02\nmnt_id:\t17\nino:\t26\n';

describe('fdinfo of anonymous files', () => {
  it('eventpoll: what the set watches', () => {
    const { rows } = parseEventpoll(corpusText('6.18/nginx.eventpoll'));
    expect(rows.map(({ fd }) => fd)).toEqual([3, 9, 8, 6, 5]);
    expect(rows[2]).toEqual({
      fd: 8,
      events: 0x80000019,
      data: 0x5627fa37b340n,
      inode: 0x1a,
      device: '0:16',
    });
  });

  it('eventpoll before 4.13 has neither inode nor device', () => {
    expect(parseEventpoll(`${HEAD}tfd:        5 events:       19 data: ffffffffffffffff\nodd\n`)).toEqual({
      rows: [{ fd: 5, events: 0x19, data: 0xffffffffffffffffn }],
      unreadable: 1,
    });
    expect(parseEventpoll(HEAD)).toEqual({ rows: [], unreadable: 0 });
  });

  it('eventfd: the count is hex', () => {
    expect(
      parseEventfd(`${HEAD}eventfd-count:               1f\neventfd-id: 3\neventfd-semaphore: 1\n`),
    ).toEqual({
      count: 31n,
      id: 3,
      semaphore: true,
    });
    expect(parseEventfd(`${HEAD}eventfd-count: ffffffffffffffff\n`)).toEqual({ count: 0xffffffffffffffffn });
    expect(parseEventfd(HEAD)).toBeUndefined();
  });

  it('timerfd: seconds', () => {
    expect(parseTimerfd(corpusText('6.18/fio.timerfd'))).toEqual({
      clockId: 1,
      ticks: 0,
      value: 0.073057047,
      interval: 0,
    });
    expect(parseTimerfd(`${HEAD}clockid: 1\nticks: 2\n`)).toBeUndefined();
  });

  it('signalfd: bit n is signal n + 1', () => {
    expect(parseSignalfd(corpusText('6.18/poll.signalfd'))).toEqual({ mask: 0x200n, signals: [10] });
    expect(parseSignalfd(`${HEAD}sigmask:\t8000000000000001\n`)?.signals).toEqual([1, 64]);
    expect(parseSignalfd(HEAD)).toBeUndefined();
  });

  it('pidfd: the process, −1 when it has ended', () => {
    expect(parsePidfd(`${HEAD}Pid:\t812\nNSpid:\t812\t7\n`)).toEqual({ pid: 812, nsPids: [812, 7] });
    expect(parsePidfd(`${HEAD}Pid:\t-1\n`)).toEqual({ pid: -1 });
    expect(parsePidfd(HEAD)).toBeUndefined();
  });

  it('inotify: every number is hex', () => {
    expect(parseInotify(corpusText('6.18/poll.inotify')).rows).toEqual([
      { wd: 1, inode: 0x3f7e8, device: '254:0', mask: 0x400 },
    ]);
    expect(
      parseInotify(`${HEAD}inotify wd:1f ino:2 sdev:800011 mask:fff ignored_mask:0 \n`).rows[0],
    ).toMatchObject({
      wd: 31,
      device: '8:17',
    });
    expect(parseInotify(`${HEAD}inotify wd:x\n`)).toEqual({ rows: [], unreadable: 1 });
  });

  it('fanotify: marks on mounts, inodes, file systems and namespaces', () => {
    expect(parseFanotify(corpusText('6.18/read.fanotify'))).toEqual({
      flags: 4,
      rows: [{ on: 'mount', mountId: 0x2d, mask: 0x20000, ignoredMask: 0 }],
      unreadable: 0,
    });
    const marks =
      'fanotify ino:10 sdev:fe00000 mflags:0 mask:3b ignored_mask:40000000 fhandle-bytes:8 fhandle-type:1 f_handle:00\n' +
      'fanotify sdev:800001 mflags:0 mask:1 ignored_mask:0\n' +
      'fanotify mnt_ns:4026531841 mflags:0 mask:1000000 ignored_mask:0\nfanotify odd\n';
    expect(parseFanotify(HEAD + marks)).toEqual({
      rows: [
        { on: 'inode', inode: 16, device: '254:0', mask: 0x3b, ignoredMask: 0x40000000 },
        { on: 'filesystem', device: '8:1', mask: 1, ignoredMask: 0 },
        { on: 'namespace', mask: 0x1000000, ignoredMask: 0 },
      ],
      unreadable: 1,
    });
  });

  it('userfaultfd: faults waiting', () => {
    expect(parseUserfaultfd(corpusText('6.18/read.userfaultfd'))).toEqual({ pending: 1, total: 1 });
    expect(parseUserfaultfd(HEAD)).toBeUndefined();
  });

  it('/dev/ptmx: the number of its other end', () => {
    expect(parsePtmx(`${HEAD}tty-index:\t3\n`)).toEqual({ index: 3 });
    expect(parsePtmx(HEAD)).toEqual({});
  });

  it('/dev/fuse: the connection it serves', () => {
    expect(parseFuse(`${HEAD}fuse_connection:\t43\n`)).toEqual({ connection: 43 });
    expect(parseFuse(HEAD)).toEqual({});
  });
});
