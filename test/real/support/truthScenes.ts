import type { NeedName } from './rights';

/** A scene of test/victims/truth.c on a ring of some set-up. */
export interface TruthScene {
  readonly scene: string;
  /** Set-up words. */
  readonly setup: readonly string[];
  /** A file of hangfs to do it to, by the kind its name says. */
  readonly file?: 'hang' | 'direct';
  /** Requests whose SQEs have been written over. */
  readonly forgotten?: number;
  /** Rows that nobody can be sure of without the kernel's memory. */
  readonly doubtful?: number;
  readonly needs?: readonly NeedName[];
  /** Breaks the rule on which rows are inferred, so that these may be wrong. */
  readonly misleading?: true;
  /** Nothing but the kernel's memory leads to the ring. */
  readonly hidden?: true;
}

const plain = (scene: string, parts: Partial<TruthScene> = {}): TruthScene => ({
  scene,
  setup: [],
  ...parts,
});

const SCENES: readonly TruthScene[] = [
  ...['polls', 'epoll-wait', 'buffer-select', 'multishot', 'workers', 'queued', 'timeouts', 'link-timeouts'],
  ...['links', 'drain', 'futex', 'waitid', 'zero-copy', 'message', 'operands', 'fixed', 'two-rings'],
  ...['other-thread', 'forked', 'passed', 'completed', 'prepared', 'overflowed', 'wrapped', 'same-user-data'],
  ...['reused-user-data', 'mix'],
].map((scene) => plain(scene));

/** What the rings' memory does not hold, or not surely. */
const FORGETTING: readonly TruthScene[] = [
  plain('overwritten', { forgotten: 6 }),
  plain('half-overwritten', { forgotten: 4, doubtful: 16 }),
  plain('skip-success', { doubtful: 8 }),
];

const MISLEADING: readonly TruthScene[] = [plain('shared-user-data', { misleading: true })];

/** Requests that a file system keeps. */
const FILES: readonly TruthScene[] = (
  [
    ['hashed', 'hang'],
    ['buffered', 'hang'],
    ['issued', 'direct'],
    ['issued-overwritten', 'direct'],
  ] as const
).map(([scene, file]) =>
  plain(scene, {
    file,
    needs: ['root', 'fuse'],
    ...(scene === 'issued-overwritten' ? { forgotten: 8 } : {}),
  }),
);

/** Every state on a ring of every kind. */
const SETUPS: readonly TruthScene[] = [
  ...['sqpoll', 'sqe128', 'cqe32', 'cqemixed', 'nosqarray', 'single', 'defer', 'coop', 'taskrunflag'],
  ...['nommap', 'closedfd', 'attach_wq', 'submitall', 'clamp entries 65536', 'cqsize 4096', 'entries 128'],
  ...['sqe128 cqe32 nosqarray', 'nommap nosqarray sqe128', 'sqpoll attach_wq'],
  ...['sqpoll cqe32 closedfd', 'defer nommap cqe32 sqe128'],
].map((words) => ({ scene: 'mix', setup: words.split(' ') }));

const COMBINED: readonly TruthScene[] = [
  { scene: 'mix', setup: ['nommap', 'closedfd'], hidden: true },
  { scene: 'polls', setup: ['r-disabled'] },
  { scene: 'task-work', setup: ['defer'] },
  { scene: 'command', setup: ['cqe32'] },
  { scene: 'iopoll', setup: ['iopoll'] },
  { scene: 'overflowed', setup: ['cqe32'] },
  { scene: 'overflowed', setup: ['nosqarray', 'sqe128'] },
  { scene: 'wrapped', setup: ['sqpoll'] },
  { scene: 'wrapped', setup: ['nosqarray', 'cqe32'] },
  { scene: 'half-overwritten', setup: ['sqe128'], forgotten: 4, doubtful: 16 },
  { scene: 'operands', setup: ['sqpoll', 'sqe128'] },
  { scene: 'two-rings', setup: ['closedfd'] },
  { scene: 'forked', setup: ['sqpoll'] },
];

export const TRUTH_SCENES: readonly TruthScene[] = [
  ...SCENES,
  ...FORGETTING,
  ...MISLEADING,
  ...FILES,
  ...SETUPS,
  ...COMBINED,
];

export function nameOf({ scene, setup }: TruthScene): string {
  return [scene, ...setup].join(' ');
}
