import { mountHangfs, silentDisk } from '../../real/support/mounts';
import type { NeedName } from '../../real/support/rights';
import { freeze, onFuse, ownFileSystem } from '../fileSystems';
import type { Right, Scenario, Stage } from '../scenario';
import { ringVictim, waiting } from '../stand';

const HANGS = { severity: 'critical' } as const;

interface Parts extends Partial<Right> {
  readonly ordinary?: Right;
  readonly needs?: readonly NeedName[];
  readonly inD?: number;
  readonly plain?: true;
}

const start = async (stage: Stage, { plain, inD }: Parts, args: readonly string[]): Promise<number> =>
  plain === true ? waiting(stage, args, inD) : (await ringVictim(stage, args, inD)).pid;

/** A FUSE server that never answers; `args` may name a file of it by what it does. */
function fuse(name: string, args: readonly string[], says: readonly RegExp[], parts: Parts = {}): Scenario {
  const right = { ...HANGS, says: [...says, /hangfs|inspect-hangfs/], ...parts };
  return {
    name: `fuse ${name}`,
    needs: ['ioUring', 'fuse'],
    ...right,
    stage: async (stage) => {
      const { directory } = await mountHangfs(stage);
      return start(
        stage,
        parts,
        args.map((word) => word.replace('FUSE', directory)),
      );
    },
  };
}

const FUSE: readonly Scenario[] = [
  fuse('reads', ['file', 'FUSE/hang-data', 'read', '4'], [/4 reads/, /FUSE server/, /hang-data/], {
    inD: 4,
    ordinary: { ...HANGS, says: [/4 reads/, /FUSE/, /hang-data/] },
  }),
  fuse('a hundred slow reads', ['file', 'FUSE/slow5-data', 'read', '100'], [/reads/, /FUSE server/, /more/], {
    inD: 1,
    ordinary: { ...HANGS, says: [/reads of/, /FUSE/, /slow5-data/, /more/] },
  }),
  fuse('direct reads', ['file', 'FUSE/direct-data', 'read', '4'], [/4 requests/, /FUSE server/]),
  fuse('hashed writes', ['file', 'FUSE/hang-data', 'write', '4'], [/1 write/, /FUSE server/, /3 more/], {
    ordinary: { ...HANGS, says: [/1 write of/, /FUSE/, /hang-data/, /3 more/] },
  }),
  fuse('plain read', ['file-read', 'FUSE/hang-data'], [/FUSE server/, /hang-data/, /\bread\b/], {
    plain: true,
    inD: 1,
    ordinary: { ...HANGS, says: [/FUSE/, /hang-data/] },
  }),
  fuse('plain write', ['file-write', 'FUSE/hang-data'], [/FUSE server/, /hang-data/], { plain: true }),
  fuse('plain direct read', ['file-read', 'FUSE/direct-data'], [/FUSE server/, /direct-data/], {
    plain: true,
  }),
  fuse('touch of a mapped page', ['file-mapped', 'FUSE/hang-data'], [/FUSE server/], { plain: true, inD: 1 }),
];

function frozen(
  type: 'ext4' | 'xfs' | 'btrfs',
  name: string,
  parts: Parts,
  args: readonly string[],
  says: RegExp[],
): Scenario {
  return {
    name: `frozen ${type} ${name}`,
    needs: ['ioUring', 'loop', 'freeze'],
    ...HANGS,
    says: [/frozen/, new RegExp(`inspect-own|${type}`), ...says],
    stage: (stage) => {
      const own = ownFileSystem(stage, type);
      freeze(own);
      return start(
        stage,
        { inD: 1, ...parts },
        args.map((word) => word.replace('OWN', own.directory)),
      );
    },
  };
}

const FROZEN: readonly Scenario[] = (['ext4', 'xfs', 'btrfs'] as const).flatMap((type) => [
  frozen(type, 'writes', {}, ['file', 'OWN/data', 'write', '4'], [/write/]),
  frozen(type, 'plain write', { plain: true }, ['file-write', 'OWN/data'], [/write/]),
  frozen(
    type,
    'mkdir',
    { plain: true },
    ['file-make', 'OWN/new'],
    [/mkdir of \/tmp\/inspect-own\S+\/new/, /at \/tmp\/inspect-own/],
  ),
]);

/** A disk that answers nothing, directly and below a file system. */
function silent(name: string, parts: Parts, args: readonly string[], says: RegExp[]): Scenario {
  return {
    name: `silent disk ${name}`,
    needs: ['ioUring', 'fuse', 'loop'],
    ...HANGS,
    says: [/loop\d/, ...says],
    stage: async (stage) => {
      const { device } = await silentDisk(stage);
      return start(
        stage,
        parts,
        args.map((word) => word.replace('DISK', device)),
      );
    },
  };
}

function silentBelow(name: string, parts: Parts, args: readonly string[], says: RegExp[]): Scenario {
  return {
    name: `silent disk below ext4 ${name}`,
    needs: ['ioUring', 'fuse', 'loop'],
    ...HANGS,
    says: [/loop\d/, ...says],
    stage: async (stage) => {
      const own = await onFuse(stage);
      own.stop();
      return start(
        stage,
        parts,
        args.map((word) => word.replace('OWN', own.directory)),
      );
    },
  };
}

const SILENT: readonly Scenario[] = [
  silent('direct reads', {}, ['file', 'DISK', 'read', '4', 'direct'], [/4 requests/]),
  silent('buffered reads', { inD: 1 }, ['file', 'DISK', 'read', '4', 'async'], [/read/]),
  silent('plain read', { plain: true, inD: 1 }, ['file-read', 'DISK'], [/read/]),
  silent('Linux AIO', { plain: true }, ['aio', 'DISK'], [/io_getevents|Linux AIO/]),
  silentBelow('direct reads', {}, ['file', 'OWN/data', 'read', '4', 'direct'], [/4 requests/]),
  silentBelow('write and fsync', { plain: true, inD: 1 }, ['file-sync', 'OWN/data'], [/write|fsync/]),
];

/** Two faults at once: each must be told, the one in the first finding and the other in one as grave. */
const TWO: readonly Scenario[] = [
  {
    name: 'two faults, silent FUSE server and frozen ext4',
    needs: ['ioUring', 'fuse', 'loop', 'freeze'],
    ...HANGS,
    says: [/3 reads|write/],
    also: [/3 reads.*FUSE server/, /write.*frozen/],
    stage: async (stage) => {
      const { directory } = await mountHangfs(stage);
      const own = ownFileSystem(stage, 'ext4');
      freeze(own);
      const args = ['two-faults', `${directory}/hang-data`, own.file];
      return (await ringVictim(stage, args, 4)).pid;
    },
  },
  {
    name: 'two faults, silent disk and silent FUSE server',
    needs: ['ioUring', 'fuse', 'loop'],
    ...HANGS,
    says: [/read|write/],
    also: [/reads?.*loop\d/, /write.*FUSE server/],
    stage: async (stage) => {
      const { device } = await silentDisk(stage);
      const { directory } = await mountHangfs(stage);
      return (await ringVictim(stage, ['two-faults', device, `${directory}/hang-data`], 2)).pid;
    },
  },
];

export const FILES: readonly Scenario[] = [...FUSE, ...FROZEN, ...SILENT, ...TWO];
