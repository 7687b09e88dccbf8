import { duration } from '../explain/words';
import { type ErrorCode, UserError } from '../model/errors';
import type { InspectionProblem } from './problem';

/** Times are milliseconds of the inspector's clock. */
export type HostState =
  | { readonly kind: 'idle' | 'connecting' | 'connected' }
  /** It was connected. `next` = when it is tried again, absent while that is under way. */
  | {
      readonly kind: 'lost';
      readonly why: string;
      readonly since: number;
      readonly tries: number;
      readonly next?: number;
    }
  /** It was connected, and connecting again needs somebody. */
  | { readonly kind: 'failed'; readonly problem: InspectionProblem; readonly since: number };

/** That the way to the host is gone, which it says of nothing else: it may be there again soon. */
const LOSSES: ReadonlySet<string> = new Set<ErrorCode>([
  'probe-gone',
  'probe-failed',
  'host-lost',
  'host-silent',
  'host-unreachable',
]);

/**
 * Whether trying again by itself makes sense. Of any other error it does not: a wrong password given every 30 s would lock the
 * account, and a changed host key does not change back.
 */
export function isLoss(error: unknown): error is UserError {
  return error instanceof UserError && LOSSES.has(error.code);
}

/** "connection lost 12 s ago, trying again in 3 s"; undefined = nothing to say of a host that answers. */
export function hostWords(state: HostState, now: number): string | undefined {
  switch (state.kind) {
    case 'connecting':
      return 'connecting…';
    case 'lost':
      return `connection lost ${ago(state.since, now)}, ${
        state.next === undefined ? 'trying again now' : `trying again in ${seconds(state.next - now)}`
      }`;
    case 'failed':
      return `connection lost ${ago(state.since, now)}, not trying again: ${state.problem.why}`;
    default:
      return undefined;
  }
}

/** What a look is answered with while its host cannot be reached. */
export function unreachable(name: string, state: HostState, now: number): UserError {
  const what = `${name} cannot be reached.`;
  if (state.kind === 'failed')
    return new UserError('host-lost', what, state.problem.why, state.problem.remedy ?? 'Try again by hand.');
  const words = hostWords(state, now) ?? 'connection closed';
  const why = state.kind === 'lost' && state.why !== '' ? ` ${state.why}` : '';
  return new UserError('host-lost', what, `${upper(words)}.${why}`, 'Wait, or use “Try Again Now”.');
}

function ago(since: number, now: number): string {
  return `${seconds(now - since)} ago`;
}

/** Whole ones, as people count. */
function seconds(milliseconds: number): string {
  return duration(Math.max(0, Math.round(milliseconds / 1000)));
}

function upper(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
