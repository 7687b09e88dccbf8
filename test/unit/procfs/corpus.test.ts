import { describe, expect, it } from 'vitest';
import { parseBlockStat } from '../../../src/procfs/blockStat';
import { parseCgroup } from '../../../src/procfs/cgroup';
import { parseEventfd } from '../../../src/procfs/eventfdFdinfo';
import { parseEventpoll } from '../../../src/procfs/eventpollFdinfo';
import { parseFanotify } from '../../../src/procfs/fanotifyFdinfo';
import { parseFdinfo } from '../../../src/procfs/fdinfo';
import { parseInetTable } from '../../../src/procfs/inet';
import { parseInflight } from '../../../src/procfs/inflight';
import { parseInotify } from '../../../src/procfs/inotifyFdinfo';
import { parseIoUringFdinfo } from '../../../src/procfs/ioUringFdinfo';
import { parseLimits } from '../../../src/procfs/limits';
import { parseLocks } from '../../../src/procfs/locks';
import { parseMaps, ringMappings } from '../../../src/procfs/maps';
import { parseMountinfo } from '../../../src/procfs/mountinfo';
import { parseSched } from '../../../src/procfs/sched';
import { parseSchedstat } from '../../../src/procfs/schedstat';
import { parseSignalfd } from '../../../src/procfs/signalfdFdinfo';
import { parseStack } from '../../../src/procfs/stack';
import { parseStat } from '../../../src/procfs/stat';
import { parseStatus } from '../../../src/procfs/status';
import { parseSyscall } from '../../../src/procfs/syscall';
import { parseTimerfd } from '../../../src/procfs/timerfdFdinfo';
import { parseUnixTable } from '../../../src/procfs/unix';
import { parseUptime } from '../../../src/procfs/uptime';
import { parseUserfaultfd } from '../../../src/procfs/userfaultfdFdinfo';
import { parseVersion } from '../../../src/procfs/version';
import { parseWchan } from '../../../src/procfs/wchan';
import { type CorpusFile, corpus, corpusText } from './corpus';

interface Counted {
  readonly rows: number;
  readonly unreadable: number;
}

/** How many rows a parser finds in a file, against how many of its lines begin like a row. */
const ROW_FORMATS: Record<string, { count: (text: string) => Counted; row: RegExp }> = {
  stack: { count: (text) => ({ rows: parseStack(text).length, unreadable: 0 }), row: /^\[</gm },
  maps: { count: (text) => counted(parseMaps(text)), row: /^[0-9a-f]+-/gm },
  mountinfo: { count: (text) => counted(parseMountinfo(text)), row: /^\d+ /gm },
  tcp: { count: (text) => counted(parseInetTable(text, 'tcp')), row: /^ *\d+:/gm },
  tcp6: { count: (text) => counted(parseInetTable(text, 'tcp6')), row: /^ *\d+:/gm },
  udp: { count: (text) => counted(parseInetTable(text, 'udp')), row: /^ *\d+:/gm },
  unix: { count: (text) => counted(parseUnixTable(text)), row: /^0000/gm },
  cgroup: { count: (text) => counted(parseCgroup(text)), row: /^\d+:/gm },
  locks: { count: (text) => counted(parseLocks(text)), row: /^\d+:/gm },
  eventpoll: { count: (text) => counted(parseEventpoll(text)), row: /^tfd:/gm },
  inotify: { count: (text) => counted(parseInotify(text)), row: /^inotify wd/gm },
  fanotify: { count: (text) => counted(parseFanotify(text)), row: /^fanotify mnt_id/gm },
  limits: {
    count: (text) => ({ rows: parseLimits(text).limits.size, unreadable: parseLimits(text).unreadable }),
    row: /^Max /gm,
  },
  ring: {
    count: (text) => {
      const ring = parseIoUringFdinfo(text);
      const rows = [ring.sqes, ring.cqes, ring.files, ring.bufs, ring.polls, ring.overflow];
      return { rows: rows.flat().length, unreadable: ring.unreadable };
    },
    row: /^ +(?:\d+: |op=|user_data=)/gm,
  },
};

const VALUE_FORMATS: Record<string, (text: string) => unknown> = {
  stat: parseStat,
  status: (text) => parseStatus(text).tgid,
  syscall: parseSyscall,
  sched: parseSched,
  schedstat: parseSchedstat,
  fdinfo: (text) => parseFdinfo(text).mountId,
  timerfd: parseTimerfd,
  eventfd: parseEventfd,
  signalfd: parseSignalfd,
  userfaultfd: parseUserfaultfd,
  uptime: parseUptime,
  version: parseVersion,
  blockstat: parseBlockStat,
  inflight: parseInflight,
};

function counted(read: { rows: readonly unknown[]; unreadable: number }): Counted {
  return { rows: read.rows.length, unreadable: read.unreadable };
}

function filesOf(kinds: Record<string, unknown>): CorpusFile[] {
  return corpus.filter(({ kind }) => kind in kinds);
}

describe('files of real kernels', () => {
  it.each(filesOf(ROW_FORMATS))('$name: every line is read', ({ kind, text }) => {
    const format = ROW_FORMATS[kind];
    expect(format?.count(text)).toEqual({ rows: text.match(format?.row ?? /$/)?.length ?? 0, unreadable: 0 });
  });

  it.each(filesOf(VALUE_FORMATS))('$name: has its value', ({ kind, text }) => {
    expect(VALUE_FORMATS[kind]?.(text)).toBeDefined();
  });

  it('has a reader for every kind of file', () => {
    const kinds = new Set(corpus.map(({ kind }) => kind));
    expect([...kinds].filter((kind) => !(kind in ROW_FORMATS) && !(kind in VALUE_FORMATS))).toEqual([
      'wchan',
    ]);
  });
});

describe('what the captured processes were known to wait for', () => {
  const inFlight = (name: string): number => {
    const { counters, overflow } = parseIoUringFdinfo(corpusText(name));
    return counters === undefined
      ? Number.NaN
      : (counters.cachedSqHead ?? 0) - (counters.cachedCqTail ?? 0) - overflow.length;
  };

  it.each([
    ['6.18/disk-fio-sqpoll.ring', 16],
    ['6.18/many-polls.ring', 200],
    ['6.18/cq-overflow.ring', 0],
    ['6.1/cq-overflow.ring', 0],
    ['6.12/drain.ring', 5],
    ['6.1/fixed-files.ring', 2],
    ['6.12/nfs.ring', 6],
  ])('%s: %i requests in flight', (name, expected) => {
    expect(inFlight(name)).toBe(expected);
  });

  it.each(['6.1/cq-overflow.ring', '6.18/cq-overflow.ring'])(
    '%s: 8 completions in the ring, 32 over',
    (name) => {
      const ring = parseIoUringFdinfo(corpusText(name));
      expect([ring.cqes.length, ring.cqeCount, ring.overflow.length]).toEqual([8, 8, 32]);
      expect(ring.overflow.at(-1)).toEqual({ userData: 39n, result: 0, flags: 0 });
    },
  );

  it.each(['6.1/sq-unsubmitted.ring', '6.12/sq-unsubmitted.ring', '6.18/sq-unsubmitted.ring'])(
    '%s: 5 reads prepared',
    (name) => {
      const { sqes, sqeCount } = parseIoUringFdinfo(corpusText(name));
      expect(sqeCount).toBe(5);
      expect(sqes.map(({ opcode, fd, userData }) => [opcode, fd, userData])).toEqual(
        [0n, 1n, 2n, 3n, 4n].map((userData) => ['READ', 3, userData]),
      );
    },
  );

  it('5.10 prints an accept in the poll list and no counters', () => {
    const ring = parseIoUringFdinfo(corpusText('5.10/accept.ring'));
    expect(ring).toMatchObject({ body: true, sqThread: null, polls: [{ opcode: 13, taskWork: false }] });
    expect(ring.counters).toBeUndefined();
  });

  it('6.18 prints nothing while the lock is held', () => {
    const text = corpusText('6.18/fio-lock-held.ring');
    expect(parseIoUringFdinfo(text)).toMatchObject({ body: false, unreadable: 0 });
    expect(parseFdinfo(text).inode).toBe(322694);
  });

  it('knows the SQPOLL thread, its processor and its times', () => {
    expect(parseIoUringFdinfo(corpusText('5.10/sqpoll-asleep.ring'))).toMatchObject({
      sqThread: 150,
      sqThreadCpu: 1,
    });
    expect(parseIoUringFdinfo(corpusText('6.18/disk-fio-sqpoll.ring'))).toMatchObject({
      sqThread: 6507,
      sqThreadCpu: 1,
      sqTotalTime: 2092431,
      sqWorkTime: 4028,
    });
  });

  it.each(['5.10', '6.1', '6.12'])('%s: the worker is blocked inside nfs', (kernel) => {
    const frames = parseStack(corpusText(`${kernel}/nfs.stack`));
    expect(frames.find((frame) => frame.module === 'nfs')?.function).toBe('nfs_file_read');
    const stat = parseStat(corpusText(`${kernel}/nfs-worker.stat`));
    expect(stat).toMatchObject({ state: 'D', ioWorker: true, kernelThread: false, threads: 7 });
    expect(stat?.comm).toBe(`iou-wrk-${parseStat(corpusText(`${kernel}/nfs.stat`))?.pid}`);
  });

  it.each([
    ['5.10/nfs.wchan', undefined],
    ['6.1/nfs.wchan', '__do_sys_io_uring_enter'],
    ['6.12/nfs.wchan', 'io_cqring_wait'],
    ['6.18/fuse.wchan', 'io_cqring_wait'],
  ])('%s: %s', (name, expected) => {
    expect(parseWchan(corpusText(name))).toBe(expected);
  });

  it.each(['5.10/nfs', '6.1/nfs', '6.12/nfs', '6.18/fuse', '6.18/fio'])(
    '%s: has one ring of two mappings or three',
    (name) => {
      const rows = ringMappings(corpusText(`${name}.maps`));
      expect(new Set(rows.map(({ inode }) => inode)).size).toBe(1);
      expect(rows.length).toBe(name === '6.18/fio' ? 3 : 2);
    },
  );

  it('sees the peer that does not read: bytes stay in both queues', () => {
    const { rows } = parseInetTable(corpusText('6.18/tcp-send-full.tcp'), 'tcp');
    const sender = rows.find(({ inode }) => inode === 314950);
    const receiver = rows.find(({ inode }) => inode === 314951);
    expect(sender).toMatchObject({
      state: 'ESTABLISHED',
      sendQueue: 4067840,
      timer: { kind: 'probe', seconds: 0.14 },
    });
    expect(receiver).toMatchObject({ receiveQueue: 128512, local: sender?.peer, peer: sender?.local });
  });

  it('sees the full backlog: connections in SYN_SENT, one not accepted', () => {
    const { rows } = parseInetTable(corpusText('6.18/tcp-connect-full.tcp'), 'tcp');
    expect(rows.filter(({ state }) => state === 'SYN_SENT')).toHaveLength(3);
    expect(rows[0]).toMatchObject({ state: 'LISTEN', local: '127.0.0.1:34237', receiveQueue: 1 });
  });
});
