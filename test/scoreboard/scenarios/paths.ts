import { execFileSync } from 'node:child_process';
import { mountHangfs } from '../../real/support/mounts';
import { startVictim } from '../../real/support/victim';
import { freeze, onFuse, ownFileSystem } from '../fileSystems';
import type { Scenario, Stage } from '../scenario';
import { standStill } from '../stand';

const HANGS = { severity: 'critical' } as const;

type How = 'plain' | 'ring';

/** One operation on a name below a directory. */
async function onName(stage: Stage, args: readonly string[]): Promise<number> {
  const { pid } = await startVictim(stage, stage.who, 'paths', args, { busy: true });
  await standStill();
  return pid;
}

/** Whoever inspects it: the path and its mount. A worker’s stack, which tells the operation, is root’s alone. */
function frozen(how: How, operation: string, says: RegExp): Scenario {
  const right = { ...HANGS, says: [/frozen/, /inspect-own-\S+\/mnt\b/, says] };
  return {
    name: `frozen path ${how} ${operation}`,
    needs: ['ioUring', 'loop', 'freeze'],
    ...right,
    ordinary: right,
    stage: async (stage) => {
      const own = ownFileSystem(stage, 'ext4');
      freeze(own);
      return onName(stage, [how, operation, own.directory, ...(/mkdir|open/.test(operation) ? ['new'] : [])]);
    },
  };
}

/** A FUSE server that never answers where a name is. */
function lost(how: How, operation: string, says: RegExp): Scenario {
  const right = {
    ...HANGS,
    says: [/FUSE server/, /hangfs \(\d+\)|inspect-hangfs/, /\/mnt\/lost-and-found/, says],
  };
  return {
    name: `fuse path ${how} ${operation}`,
    needs: ['ioUring', 'fuse'],
    ...right,
    ordinary: { ...HANGS, says: [/FUSE/, /\/mnt\/lost-and-found/, says] },
    stage: async (stage) => {
      const { directory } = await mountHangfs(stage);
      return onName(stage, [how, operation, directory, 'lost-and-found']);
    },
  };
}

/** An ext4 whose disk is a file of a FUSE server that has fallen silent. */
function silent(how: How, operation: string, says: RegExp): Scenario {
  return {
    name: `silent disk path ${how} ${operation}`,
    needs: ['ioUring', 'fuse', 'loop'],
    ...HANGS,
    says: [/inspect-own-\S+\/mnt\/new \(ext4\)/, /loop\d/, /hangfs/, says],
    stage: async (stage) => {
      const own = await onFuse(stage);
      // Mounted anew, it has nothing of its directories and bitmaps in memory.
      execFileSync('umount', [own.directory]);
      execFileSync('mount', [own.device, own.directory]);
      own.stop();
      return onName(stage, [how, operation, own.directory, 'new']);
    },
  };
}

/** Operations whose file is no descriptor. */
export const PATHS: readonly Scenario[] = [
  frozen('plain', 'rename', /in renameat2? of \S+\/mnt\/data to \S+\/mnt\/moved/),
  frozen('plain', 'unlink', /in unlinkat of \S+\/mnt\/data/),
  frozen('plain', 'link', /in link(at)? of \S+\/mnt\/data to \S+\/mnt\/second/),
  frozen('plain', 'symlink', /in symlinkat of \S+\/mnt\/data/),
  frozen('plain', 'open', /in openat of \S+\/mnt\/new/),
  frozen('plain', 'setxattr', /in setxattr of \S+\/mnt\/data/),
  frozen('plain', 'truncate', /in truncate of \S+\/mnt\/data/),
  frozen('ring', 'mkdir', /1 mkdir of \S+\/mnt\/new/),
  frozen('ring', 'rename', /1 rename of \S+\/mnt\/data to \S+\/mnt\/moved/),
  frozen('ring', 'unlink', /1 unlink of \S+\/mnt\/data/),
  frozen('ring', 'link', /1 link of \S+\/mnt\/data to \S+\/mnt\/second/),
  frozen('ring', 'symlink', /1 symlink of \S+\/mnt\/data/),
  frozen('ring', 'open', /1 open of \S+\/mnt\/new/),
  frozen('ring', 'setxattr', /1 setxattr of \S+\/mnt\/data/),
  silent('plain', 'mkdir', /in mkdir of/),
  silent('ring', 'mkdir', /1 mkdir of/),
  lost('plain', 'stat', /in (newfstatat|lstat) of/),
  lost('plain', 'open', /in openat of/),
  lost('ring', 'stat', /1 statx of/),
  lost('ring', 'open', /1 open of/),
  lost('ring', 'getxattr', /1 getxattr of/),
];
