import { mountHangfs } from '../../real/support/mounts';
import { type FileSystem, freeze, onFuse, overlay, ownFileSystem, packedOnFuse } from '../fileSystems';
import type { Scenario } from '../scenario';
import { mixing } from '../stand';

const HANGS = { severity: 'critical' } as const;
const FUSE = ['ioUring', 'fuse'] as const;
const SERVER = /FUSE server hangfs \(\d+\)/;

/** Words of `mixed` that name a file as OWN or FUSE. */
const named = (words: readonly string[], own: string): string[] =>
  words.map((word) => word.replace('OWN', own));

/** A file system on a disk that falls silent once the words before `ready` are done. */
function below(
  type: FileSystem,
  name: string,
  words: readonly string[],
  says: readonly RegExp[],
  parts: Partial<Scenario> = {},
): Scenario {
  return {
    name: `mixed ${type} on a silent disk, ${name}`,
    needs: ['ioUring', 'fuse', 'loop', 'freeze'],
    ...HANGS,
    says: [/loop\d/, SERVER, ...says],
    stage: async (stage) => {
      const own = await onFuse(stage, type);
      if (words.includes('ready')) return mixing(stage, named(words, own.directory), 1, own.silence);
      own.stop();
      return mixing(stage, named(words, own.directory));
    },
    ...parts,
  };
}

const DIRTY = ['ring', 'write:OWN/data:4', 'submit', 'wait:4', 'ready', 'pause:300'] as const;

const BELOW: readonly Scenario[] = [
  ...(['ext4', 'xfs', 'btrfs'] as const).flatMap((type) => [
    below(type, 'fsync', [...DIRTY, 'fsync:OWN/data:1', 'submit', 'wait:5'], [/1 fsync/]),
    below(
      type,
      'direct reads',
      ['ring', 'read:OWN/data:4:direct', 'submit', 'wait:4'],
      [/4 (requests|reads)/],
    ),
    below(
      type,
      'buffered reads',
      ['ring', 'read:OWN/data:4:async', 'submit', 'wait:4'],
      [/4 reads/, /inspect-own/],
    ),
    below(type, 'plain thread in fsync', [...DIRTY, 'thread:fsync:OWN/data'], [/Thread .*fsync on .*data/]),
    below(
      type,
      'truncate behind direct writes',
      [
        ...['ring', 'write:OWN/data:2:direct', 'ready', 'pause:300', 'submit', 'pause:200'],
        ...['truncate:OWN/data:1', 'submit', 'wait:3'],
      ],
      [/2 (requests|writes)|ftruncate|1 write .*1 more/],
    ),
  ]),
  ...(['ext4', 'xfs', 'btrfs'] as const).map((type) =>
    below(
      type,
      'new files and their fsync',
      ['ready', 'pause:300', 'thread:create:OWN/new1', 'pause:500', 'thread:create:OWN/new2'],
      [/thread/i, ...(type === 'ext4' ? [/journal/] : [])],
    ),
  ),
  below(
    'ext4',
    'fsync of a file that is renamed meanwhile',
    [...DIRTY, 'fsync:OWN/data:1', 'submit', 'pause:300', 'rename:OWN/data:1', 'submit', 'wait:6'],
    [/1 fsync of .*data-renamed/],
  ),
];

/** File systems made of others. */
const OVERLAYS: readonly Scenario[] = [
  {
    name: 'mixed overlay over a silent FUSE server',
    needs: FUSE,
    ...HANGS,
    says: [/3 reads of \S*inspect-overlay\S*hang-data \(overlay on fuse/, SERVER],
    stage: async (stage) => {
      const { directory } = await mountHangfs(stage);
      const file = `${overlay(stage, directory)}/hang-data`;
      return mixing(stage, ['ring', `read:${file}:3:async`, 'submit', 'wait:3'], 3);
    },
  },
  {
    name: 'mixed overlay that copies up from a silent FUSE server',
    needs: FUSE,
    ...HANGS,
    says: [/inspect-overlay\S*hang-data/, /overlayfs copies the file/, /its server is hangfs \(\d+\)/],
    stage: async (stage) => {
      const { directory } = await mountHangfs(stage);
      return mixing(stage, [`thread:write:${overlay(stage, directory)}/hang-data`], 1);
    },
  },
  {
    name: 'mixed overlay whose upper file system is frozen',
    needs: ['ioUring', 'loop', 'freeze'],
    ...HANGS,
    says: [/[12] writes? of .*inspect-overlay/, /the file system at \S*inspect-own\S* is frozen/],
    stage: async (stage) => {
      const own = ownFileSystem(stage, 'ext4');
      const lower = ownFileSystem(stage, 'ext4');
      const file = `${overlay(stage, lower.directory, own.directory)}/data`;
      const words = ['ring', `write:${file}:2:async`, 'ready', 'pause:300', 'submit', 'wait:2'];
      return mixing(stage, words, 2, () => freeze(own));
    },
  },
  ...(['squashfs', 'erofs'] as const).map(
    (type): Scenario => ({
      name: `mixed ${type} on a silent disk`,
      needs: ['ioUring', 'fuse', 'loop'],
      ...HANGS,
      says: [/reads? of .*inspect-own/, /loop\d/, SERVER],
      stage: async (stage) => {
        const { file, stop } = await packedOnFuse(stage, type);
        const words = ['ring', `read:${file}:3:async`, 'ready', 'pause:300', 'submit', 'wait:3'];
        return mixing(stage, words, 1, stop);
      },
    }),
  ),
];

export const STACKED: readonly Scenario[] = [...BELOW, ...OVERLAYS];
