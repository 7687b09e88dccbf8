/** Tags of all findings; each has a page in media/findings that says what it means, how it is known and what to do. */
export const TAGS = [
  'armed-polls',
  'at-rest',
  'cgroup-frozen',
  'cq-overflow',
  'deadlock',
  'error-flood',
  'exit-blocked',
  'hashed-writes',
  'held-back',
  'in-debugger',
  'inside-device',
  'linux-aio',
  'loop-blocked',
  'lost',
  'never-completed',
  'no-system-calls',
  'not-reaped',
  'not-submitted',
  'only-timers',
  'pending',
  'punted',
  're-armed',
  'reaped-late',
  'ring-lock',
  'ring-shared',
  'small-batches',
  'sqpoll-asleep',
  'sqpoll-spins',
  'stopped',
  'stuck-on-resource',
  'submitter-stuck',
  'throttled',
  'unlisted',
  'unserved-socket',
  'waits-for-lock',
  'waits-for-more',
  'waits-for-nothing',
  'waits-for-peer',
  'waits-unseen',
  'worker-crowd',
  'workers-exhausted',
] as const;

const KNOWN: ReadonlySet<string> = new Set(TAGS);

/** The page of a finding, relative to `media`; undefined for a tag that is not ours: a saved Sample may name any. */
export function pageOf(tag: unknown): string | undefined {
  return typeof tag === 'string' && KNOWN.has(tag) ? `findings/${tag}.md` : undefined;
}
