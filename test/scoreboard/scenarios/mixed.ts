import { mountHangfs, silentDisk } from '../../real/support/mounts';
import { statusOf, until } from '../../real/support/proc';
import { startVictim } from '../../real/support/victim';
import { freeze, onFuse, onMemory, ownFileSystem } from '../fileSystems';
import { installed } from '../programs';
import type { Scenario } from '../scenario';
import { mixing, standStill } from '../stand';
import { STACKED } from './stacked';

const HANGS = { severity: 'critical' } as const;
const FUSE = ['ioUring', 'fuse'] as const;
const FROZEN_AND_FUSE = ['ioUring', 'fuse', 'loop', 'freeze'] as const;
const SERVER = /FUSE server hangfs \(\d+\)/;

/** Two faults of one process. */
const TWO: readonly Scenario[] = [
  {
    name: 'mixed frozen xfs and silent FUSE server, a ring each',
    needs: FROZEN_AND_FUSE,
    ...HANGS,
    says: [/2 reads/, SERVER],
    also: [/2 reads of .*hang-data.*FUSE server/, /2 writes of .*inspect-own.*frozen/],
    stage: async (stage) => {
      const { directory } = await mountHangfs(stage);
      const own = ownFileSystem(stage, 'xfs');
      freeze(own);
      const one = ['ring', `read:${directory}/hang-data:2:async`, 'submit'];
      return mixing(stage, [...one, 'ring', `write:${own.file}:2:async`, 'submit', 'wait:2'], 3);
    },
  },
  {
    name: 'mixed silent disk and completions nobody reaps',
    needs: ['ioUring', 'fuse', 'loop'],
    ...HANGS,
    says: [/4 requests/, /loop\d/],
    besides: [/5 operations have finished.*not collected/],
    stage: async (stage) => {
      const { device } = await silentDisk(stage);
      return mixing(stage, ['ring', 'nop:5', `read:${device}:4:direct`, 'submit']);
    },
  },
  {
    name: 'mixed one ring stuck, one healthy',
    needs: FUSE,
    ...HANGS,
    says: [/3 reads of .*hang-data/, SERVER],
    ordinary: { ...HANGS, says: [/3 (reads|operations)/, /hang-data/, /FUSE server/] },
    stage: async (stage) => {
      const { directory } = await mountHangfs(stage);
      const stuck = ['ring', `read:${directory}/hang-data:3:async`, 'submit'];
      return mixing(stage, ['ring', 'recv:6', 'submit', ...stuck, 'wait:3'], 3);
    },
  },
  {
    name: 'mixed workers taken by FIFO opens while a FUSE read hangs',
    needs: FUSE,
    ...HANGS,
    says: [/1 read of .*hang-data/, SERVER, /5 more requests/, /8 workers are taken, 1 of them by this/],
    also: [/7 opens and 1 read hold all 8.*FIFO/],
    stage: async (stage) => {
      const { directory } = await mountHangfs(stage);
      const fifos = ['open:fifo:7', 'submit', 'pause:300'];
      const rest = [`read:${directory}/hang-data:1`, 'submit', 'pause:300', `fsync:${directory}/ok-data:5`];
      return mixing(stage, ['fifo:fifo', 'ring:small', ...fifos, ...rest, 'submit', 'wait:9'], 1);
    },
  },
  {
    name: 'mixed SQPOLL asleep with work, and an overflown ring',
    needs: ['ioUring'],
    severity: 'warning',
    says: [/sleeps|overflow/],
    also: [/3 requests.*sleeps.*not woken/, /overflow/],
    ordinary: {
      severity: 'warning',
      says: [/sleeps|overflow/],
      also: [/3 requests.*sleeps.*not woken/, /overflow/],
    },
    stage: (stage) =>
      mixing(stage, ['ring:small', 'nop:24', 'ring:sqpoll', 'pause:300', 'recv:3', 'publish']),
  },
  {
    name: 'mixed ring at FUSE and a plain thread at a frozen file system',
    needs: FROZEN_AND_FUSE,
    ...HANGS,
    says: [/2 reads/, SERVER],
    also: [/Thread .*pwrite64 on .*inspect-own.*frozen/],
    stage: async (stage) => {
      const { directory } = await mountHangfs(stage);
      const own = ownFileSystem(stage, 'ext4');
      freeze(own);
      const ring = ['ring', `read:${directory}/hang-data:2:async`, 'submit', 'wait:2'];
      return mixing(stage, [`thread:write:${own.file}`, ...ring], 3);
    },
  },
  {
    name: 'mixed stopped process with a silent disk',
    needs: ['ioUring', 'fuse', 'loop'],
    ...HANGS,
    says: [/4 requests/, /loop\d/],
    besides: [/stopped by a signal/],
    stage: async (stage) => {
      const { device } = await silentDisk(stage);
      const pid = await mixing(stage, ['ring', `read:${device}:4:direct`, 'submit', 'wait:4']);
      process.kill(pid, 'SIGSTOP');
      await until(() => /^T/.test(statusOf(pid, 'State') ?? ''), `${pid} stops`);
      await standStill();
      return pid;
    },
  },
  {
    name: 'mixed direct and buffered reads of a silent disk',
    needs: ['ioUring', 'fuse', 'loop'],
    ...HANGS,
    says: [/loop\d/, /3 reads/],
    also: [/4 requests.*loop\d|4 more requests/],
    stage: async (stage) => {
      const { device } = await silentDisk(stage);
      const direct = ['ring', `read:${device}:4:direct`, 'submit'];
      return mixing(stage, [...direct, `read:${device}:3:async`, 'submit', 'wait:7'], 3);
    },
  },
];

/** What the server of a FUSE file system does itself. */
const SERVERS: readonly Scenario[] = [
  {
    name: 'mixed FUSE server that is stopped',
    needs: FUSE,
    ...HANGS,
    says: [/3 reads of .*ok-data/, SERVER, /stopped by a signal/],
    stage: async (stage) => {
      const { directory, server } = await mountHangfs(stage);
      const read = `read:${directory}/ok-data:3:async`;
      const words = ['ring', read, 'ready', 'pause:300', 'submit', 'wait:3'];
      return mixing(stage, words, 0, () => process.kill(server.pid, 'SIGSTOP'));
    },
  },
  {
    name: 'mixed submitter inside a call to a FUSE server that is stopped',
    needs: FUSE,
    ...HANGS,
    says: [
      /submitting thread mixed \(\d+\)/,
      /2 more requests in the submission queue/,
      /1 read|its read/,
      /ok-data/,
      SERVER,
      /stopped by a signal/,
    ],
    stage: async (stage) => {
      const { directory, server } = await mountHangfs(stage);
      const words = ['ring', `read:${directory}/ok-data:3`, 'ready', 'pause:300', 'submit', 'wait:3'];
      return mixing(stage, words, 0, () => process.kill(server.pid, 'SIGSTOP'));
    },
  },
  {
    name: 'mixed SQPOLL thread inside a call to a FUSE server that is stopped',
    needs: FUSE,
    ...HANGS,
    says: [
      /1 read of .*ok-data/,
      SERVER,
      /stopped by a signal/,
      /2 more requests in the submission queue/,
      /SQPOLL/,
    ],
    stage: async (stage) => {
      const { directory, server } = await mountHangfs(stage);
      const read = `read:${directory}/ok-data:3`;
      const words = ['ring:sqpoll', read, 'ready', 'pause:300', 'publish', 'wake', 'wait:3'];
      return mixing(stage, words, 0, () => process.kill(server.pid, 'SIGSTOP'));
    },
  },
  {
    name: 'mixed FUSE server that waits on its own mount',
    needs: FUSE,
    ...HANGS,
    says: [/3 reads of .*self-data/, SERVER, /itself waits on its own mount \(\S+\/ok-own\)/],
    ordinary: { ...HANGS, says: [/3 (reads|operations)/, /FUSE server/] },
    stage: async (stage) => {
      const { directory } = await mountHangfs(stage);
      return mixing(stage, ['ring', `read:${directory}/self-data:3:async`, 'submit', 'wait:3'], 3);
    },
  },
  {
    name: 'mixed FUSE server that itself waits for a silent disk',
    needs: ['ioUring', 'fuse', 'loop', 'freeze'],
    ...HANGS,
    says: [
      /3 reads of .*self-data/,
      SERVER,
      /itself waits for a page of \S*inspect-own\S*data to be read in/,
    ],
    stage: async (stage) => {
      const own = await onFuse(stage);
      const { directory } = await mountHangfs(stage, 256, own.file);
      const words = ['ring', `read:${directory}/self-data:3:async`, 'ready', 'pause:300', 'submit', 'wait:3'];
      return mixing(stage, words, 0, own.stop);
    },
  },
  {
    name: 'mixed FUSE server that allows one request in the background',
    needs: FUSE,
    ...HANGS,
    says: [/6 reads of .*hang-data/, SERVER, /takes requests again: as many as it allows/],
    stage: async (stage) => {
      const { directory } = await mountHangfs(stage, 1);
      const one = ['ring', `read:${directory}/hang-data:6:async`, 'submit', 'wait:6'];
      return mixing(stage, one, 5);
    },
  },
  {
    name: 'mixed FUSE writes, one at the server and the others at the file’s lock',
    needs: FUSE,
    ...HANGS,
    says: [/3 writes of .*hang-data/, SERVER, /1 waits for .* and 2 wait for another operation/],
    stage: async (stage) => {
      const { directory } = await mountHangfs(stage);
      const file = `${directory}/hang-data`;
      const write = ['ring', `write:${file}:1:async`, 'submit'];
      return mixing(stage, [...write, ...write, ...write, 'wait:1'], 2);
    },
  },
  {
    name: 'mixed FUSE queue for the same and other files',
    needs: FUSE,
    ...HANGS,
    says: [
      /8 reads of .*hang-data/,
      SERVER,
      /9 more requests, 4 of those for another file, queue behind/,
      /other file: \S*ok-data/,
    ],
    stage: async (stage) => {
      const { directory } = await mountHangfs(stage);
      const words = ['ring:small', `read:${directory}/hang-data:8`, 'submit', 'pause:300'];
      const more = [`read:${directory}/hang-data:5`, 'submit', `fsync:${directory}/ok-data:4`];
      return mixing(stage, [...words, ...more, 'submit', 'wait:9'], 8);
    },
  },
];

/** Threads and requests that stand in each other's way. */
const TOGETHER: readonly Scenario[] = [
  {
    name: 'mixed truncate and rename behind a write at a FUSE server',
    needs: FUSE,
    ...HANGS,
    says: [/1 write of .*hang-data/, SERVER],
    besides: [/2 (operations|requests)|1 ftruncate|1 rename/],
    stage: async (stage) => {
      const { directory } = await mountHangfs(stage);
      const file = `${directory}/hang-data`;
      const behind = [`truncate:${file}:1`, `rename:${file}:1`, 'submit', 'wait:3'];
      return mixing(stage, ['ring', `write:${file}:1:async`, 'submit', 'pause:300', ...behind], 1);
    },
  },
  {
    name: 'mixed read into memory mapped from a file of a silent FUSE server',
    needs: FUSE,
    ...HANGS,
    says: [/1 read/, /hang-data/, SERVER],
    stage: async (stage) => {
      const { directory } = await mountHangfs(stage);
      const words = ['ring', `read:${directory}/ok-data:1`, 'submit', 'wait:1'];
      const into = `into:${directory}/hang-data:${directory}/ok-data`;
      return mixing(stage, [...words, into, 'submit', 'wait:2'], 1);
    },
  },
  {
    name: 'mixed ring and a thread that touches a mapped page of a silent FUSE server',
    needs: FUSE,
    ...HANGS,
    says: [/2 reads of .*hang-data|Thread/, SERVER],
    stage: async (stage) => {
      const { directory } = await mountHangfs(stage);
      const ring = ['ring', `read:${directory}/hang-data:2:async`, 'submit', 'wait:2'];
      return mixing(stage, [`thread:touch:${directory}/hang-data`, 'pause:200', ...ring], 2);
    },
  },
  {
    name: 'mixed thread behind the lock of its address space, which a reader of its memory holds',
    needs: FUSE,
    severity: ['critical', 'info'],
    says: [/thread/i, /address space/],
    stage: async (stage) => {
      const { directory } = await mountHangfs(stage);
      const words = [`map:${directory}/hang-data`, 'pause:1000', 'thread:map:any'];
      const { pid, truth } = await startVictim(stage, stage.who, 'mixed', words, { busy: true });
      const skip = BigInt(truth.operation ?? '0');
      const from = [
        `if=/proc/${pid}/mem`,
        'of=/dev/null',
        'bs=4096',
        'count=1',
        'iflag=skip_bytes',
        `skip=${skip}`,
      ];
      await installed(stage, 'dd', from, 2);
      return pid;
    },
  },
  {
    name: 'mixed ring opens that a fanotify listener must permit',
    needs: ['root', 'ioUring', 'loop', 'freeze'],
    ...HANGS,
    says: [/2 opens/, /fanotify/],
    stage: async (stage) => {
      const { file } = ownFileSystem(stage, 'ext4');
      return mixing(stage, ['ring', `guard:${file}`, `open:${file}:2`, 'submit', 'wait:2']);
    },
  },
];

/** Nothing is wrong with these. */
const AT_REST: readonly Scenario[] = [
  {
    name: 'mixed healthy ring that reads inotify and sockets',
    healthy: true,
    needs: ['ioUring'],
    severity: 'info',
    says: [/recv|read/],
    ordinary: { severity: 'info', says: [/recv|read/] },
    stage: (stage) => mixing(stage, ['ring', 'watch:.', 'recv:3', 'submit', 'wait:1']),
  },
  {
    name: 'mixed healthy ring on tmpfs',
    healthy: true,
    needs: ['ioUring'],
    severity: 'info',
    says: [/./],
    stage: (stage) => {
      const directory = onMemory(stage);
      const file = `${directory}/data`;
      return mixing(stage, [
        'ring',
        `write:${file}:50`,
        `read:${file}:50:async`,
        'recv:1',
        'submit',
        'wait:101',
      ]);
    },
  },
];

export const MIXED: readonly Scenario[] = [...TWO, ...SERVERS, ...STACKED, ...TOGETHER, ...AT_REST];
