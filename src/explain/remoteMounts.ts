import { printable } from '../model/printable';
import type { RemoteMount, Resource, Sample } from '../model/sample';
import { counted, duration, grouped, sentence } from './words';

/** The network mount a file is on. */
export function remoteMountOf(sample: Sample, file: Resource | undefined): RemoteMount | undefined {
  return sample.remoteMounts?.find(({ mount, fsType }) => mount === file?.mount && fsType === file.fsType);
}

/** Calls that have no answer yet; before 5.14, what was sent twice or given up counts, too. */
export function unansweredOf({ calls }: RemoteMount): number {
  return calls ? (calls.pending ?? Math.max(0, calls.sent - calls.answered)) : 0;
}

/** "/srv/nfs is mounted from 10.9.9.1:/ (nfs4, timeo=600); mounted hard, it waits … 2 calls wait for an answer." */
export function remoteMountSentence(remote: RemoteMount): string {
  const calls = callsText(remote);
  const told = calls === '' ? '' : ` ${sentence(calls)}.`;
  return `${printable(remote.mount, 200)} is mounted from ${sourceOf(remote)} (${kindOf(remote, IN_FEW)})${hardness(remote)}.${told}`;
}

/** One line of a report. */
export function remoteMountLine(remote: RemoteMount): string {
  return `mount ${printable(remote.mount, 200)} ${remoteMountFacts(remote)}`;
}

/** "from 10.9.9.1:/ (nfs4, vers=4.2, hard): 2 calls wait for an answer". */
export function remoteMountFacts(remote: RemoteMount): string {
  const calls = callsText(remote);
  return `from ${sourceOf(remote)} (${kindOf(remote)})${calls === '' ? '' : `: ${calls}`}`;
}

function sourceOf({ server, exported, address }: RemoteMount): string {
  const at = address === undefined || address === server ? '' : ` (${printable(address, 80)})`;
  if (server === undefined) return printable(exported ?? '?', 200);
  return `${printable(server, 120)}${at}:${printable(exported ?? '', 200)}`;
}

/** What decides how long a call waits; whether the mount is hard is said in words. */
const IN_FEW = /^(?:vers|timeo|retrans|trans)=/;

function kindOf({ fsType, options }: RemoteMount, which = /^/): string {
  const shown = Array.isArray(options) ? options.map(String).filter((option) => which.test(option)) : [];
  return [fsType, ...shown.slice(0, 8)].map((word) => printable(String(word), 60)).join(', ');
}

function hardness({ options }: RemoteMount): string {
  if (!Array.isArray(options)) return '';
  if (options.includes('hard')) return '; mounted hard, it waits for the server for ever';
  return options.includes('soft') || options.includes('softerr')
    ? '; mounted soft, it gives up with an error in the end'
    : '';
}

function callsText({ calls }: RemoteMount): string {
  if (!calls) return '';
  const { sent, answered, pending, unsent, timeouts, unknownAnswers, idle, slow } = calls;
  const worst = Array.isArray(slow) && slow[0] ? `, most of ${printable(slow[0].operation, 40)}` : '';
  return [
    pending === undefined
      ? `${counted(sent, 'call')} sent, ${grouped(answered)} answered`
      : `${counted(pending, 'call')} ${pending === 1 ? 'waits' : 'wait'} for an answer`,
    unsent ? `${grouped(unsent)} more could not be sent yet` : '',
    timeouts > 0 ? `${counted(timeouts, 'timeout')}${worst}` : '',
    unknownAnswers > 0 ? counted(unknownAnswers, 'late answer') : '',
    idle !== undefined && idle > 0 ? `the connection was last used ${duration(idle)} ago` : '',
  ]
    .filter(Boolean)
    .join(', ');
}
