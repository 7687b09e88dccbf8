import { ageWords } from '../explain/requestAge';
import { requestId } from '../explain/requestId';
import { statesWords } from '../explain/requestStates';
import { indexOf } from '../explain/sampleIndex';
import { foldedFrames } from '../explain/userFrames';
import { duration, inPlural, operationCounts } from '../explain/words';
import { t } from '../model/l10n';
import { printable } from '../model/printable';
import type { Finding, Origin, Request, Sample, Task, UserFrame } from '../model/sample';
import { markdownCode, markdownText } from './escape';
import { COMMANDS } from './ids';
import { taskId } from './taskNodes';
import { stuckAwaited, type WaitingPlace } from './waitingPlaces';
import { count, short, shown } from './words';

/** newer = changed after the program was made; other = its content is not what the compiler has read. */
export type Difference = 'newer' | 'other';

const DIFFERENCES: Readonly<Record<Difference, string>> = {
  newer: t('source newer than the program'),
  other: t('not the source the program was made of'),
};

/** What waits at one line of a document, of one process. */
export interface LineWaits {
  /** Of the inspection. */
  readonly key: string;
  /** Of its root row. */
  readonly title: string;
  readonly sample: Sample;
  readonly place: WaitingPlace;
  /** The sample was opened from a file: it says nothing of now. */
  readonly saved: boolean;
  /** The file is not what the program was compiled from. */
  readonly differs?: Difference;
}

/** Stacks and findings that a hover holds; frames of one stack. */
const MOST_STACKS = 3;
const MOST_FRAMES = 12;

/** What stands at the end of the line: "8 reads pending, oldest 31 s — waits for the FUSE server's answer". */
export function markText(waits: readonly LineWaits[]): string {
  const requests = waits.flatMap(({ place }) => place.requests);
  const threads = waits.flatMap(({ place }) => place.threads);
  const cause = requests.length > 0 ? causeWords(waits) : undefined;
  const what = [
    ...(requests.length > 0 ? [requestsWords(requests)] : []),
    ...(threads.length > 0 ? [threadsWords(threads, requests.length > 0, stuckWords(waits))] : []),
  ].join('; ');
  const differs = waits.find((one) => one.differs !== undefined)?.differs;
  const flags = [
    ...(differs === undefined ? [] : [DIFFERENCES[differs]]),
    ...(waits.every(({ saved }) => saved) ? [t('saved sample')] : []),
  ];
  return [short(what), cause && ` — ${short(cause, 120)}`, flags.length > 0 && ` (${flags.join(', ')})`]
    .filter(Boolean)
    .join('');
}

function requestsWords(requests: readonly Request[]): string {
  const what = operationCounts(requests.map(({ operation }) => printable(operation)));
  const age = ageWords(requests);
  if (age === undefined) return t('{0} pending', what);
  return t('{0} pending, {1}{2}', what, requests.length > 1 ? t('oldest ') : '', age);
}

/** What a thread waits for that gets nothing: "waits for 8 stuck requests"; undefined where another may get something. */
function stuckWords(waits: readonly LineWaits[]): string | undefined {
  const threads = waits.flatMap(({ place }) => place.threads);
  const [first, ...others] = waits.flatMap(({ place, sample }) =>
    place.threads.map((thread) => stuckAwaited(thread, sample).length),
  );
  if (first === undefined || first === 0 || others.some((number) => number !== first)) return undefined;
  const what = count(first, 'stuck request');
  return threads.length === 1 ? t('waits for {0}', what) : t('wait for {0}', what);
}

/** `briefly` = what they wait for goes without saying. */
function threadsWords(threads: readonly Task[], briefly: boolean, stuck: string | undefined): string {
  const ages = threads.flatMap(({ blocked }) => (blocked === undefined ? [] : [blocked]));
  const text = briefly ? undefined : (stuck ?? threads.find(({ blockedOn }) => blockedOn)?.blockedOn?.text);
  const waits = shown(text ?? (threads.length === 1 ? t('waits') : t('wait')), 120);
  const since =
    ages.length === 0 ? '' : `, ${threads.length > 1 ? t('longest ') : ''}${duration(largest(ages))}`;
  return `${count(threads.length, 'thread')} ${threads.length === 1 ? waits : inPlural(waits)}${since}`;
}

const largest = (numbers: readonly number[]): number => numbers.reduce((a, b) => Math.max(a, b));

/** By what holds up the requests: a thread that collects them waits for the same. */
function causeWords(waits: readonly LineWaits[]): string | undefined {
  for (const { place, sample } of waits) {
    const { tasks } = indexOf(sample);
    for (const { worker } of place.requests) {
      const text = worker === undefined ? undefined : tasks.get(worker)?.blockedOn?.text;
      if (text !== undefined) return shown(text);
    }
  }
  for (const { place, sample } of waits) {
    const staged = place.requests.find(({ stage }) => stage !== undefined)?.stage;
    if (staged !== undefined) return shown(staged);
    if (place.requests.length > 0) return shown(statesWords(place.requests.slice(0, 1), sample));
  }
  return undefined;
}

/** Markdown in which all text of the target is escaped; its links run `showRow` and `goToSource` alone. */
export function markHover(waits: readonly LineWaits[]): string {
  return [
    `**${markdownText(markText(waits))}**`,
    ...waits.slice(0, MOST_STACKS).flatMap(hoverOf),
    ...(waits.length > MOST_STACKS ? [t('and {0} more processes', waits.length - MOST_STACKS)] : []),
  ].join('\n\n');
}

/** Id of the row in the tree to go to. */
export function rowOf({ requests: [request], threads: [thread] }: WaitingPlace): string | undefined {
  return request ? requestId(request) : thread && taskId(thread);
}

function hoverOf({ key, title, sample, place, saved, differs }: LineWaits): string[] {
  const { requests, threads } = place;
  const [request] = requests;
  const row = rowOf(place);
  const link =
    row === undefined ? '' : t(' — [Show in the tree]({0})', commandLink(COMMANDS.showRow, [key, row]));
  const lines = [`${markdownText(title)}${saved ? t(', saved sample') : ''}${link}`];
  if (differs !== undefined) lines.push(t('⚠ The line may be off: {0}\\.', DIFFERENCES[differs]));
  const awaited = [...new Set(threads.map((thread) => stuckAwaited(thread, sample)))].flat();
  for (const { severity, summary } of findingsOf(sample, [...requests, ...awaited], threads).slice(
    0,
    MOST_STACKS,
  ))
    lines.push(`${severity}: ${markdownText(shown(summary, 400))}`);
  const stacks = threadStacks(threads);
  for (const { tasks, frames } of stacks.slice(0, MOST_STACKS)) {
    const [first] = tasks;
    const who =
      first && tasks.length === 1 ? `${shown(first.name, 64)} (${first.tid})` : count(tasks.length, 'thread');
    lines.push(
      t(
        'Stack of {0}:\n\n{1}',
        markdownText(who),
        foldedFrames(frames).slice(0, MOST_FRAMES).map(frameLine).join('\n'),
      ),
    );
  }
  if (stacks.length > MOST_STACKS) lines.push(t('and {0}', count(stacks.length - MOST_STACKS, 'more stack')));
  const { origin = [] } = request ?? {};
  const isExact = ({ kind }: Origin) => kind === 'submitted' || kind === 'recorded';
  lines.push(
    ...originLines(t('Submitted by'), origin.filter(isExact)),
    ...originLines(
      t('Most likely belongs to'),
      origin.filter((one) => !isExact(one)),
    ),
  );
  return lines;
}

function originLines(title: string, steps: readonly Origin[]): string[] {
  return steps.length === 0 ? [] : [`${title}:\n\n${steps.slice(0, MOST_FRAMES).map(frameLine).join('\n')}`];
}

type Frame = Pick<UserFrame, 'function' | 'file' | 'line' | 'column'> & Partial<UserFrame>;

function frameLine(frame: Frame | string): string {
  if (typeof frame === 'string') return `1. ${markdownText(frame)}`;
  const { function: name, file, line, column, trust, binaryModified } = frame;
  const sure = trust === 'probable' ? t(' \\(probable\\)') : '';
  if (file === undefined) return `1. ${markdownCode(shown(name))}${sure}`;
  const where = markdownText(shown(line === undefined ? file : `${file}:${line}`));
  const link = commandLink(COMMANDS.goToSource, [{ source: { file, line, column, binaryModified } }]);
  return `1. ${markdownCode(shown(name))} [${where}](${link})${sure}`;
}

/** Nothing of the arguments can end the link. */
function commandLink(command: string, args: readonly unknown[]): string {
  const text = encodeURIComponent(JSON.stringify(args)).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16)}`,
  );
  return `command:${command}?${text}`;
}

/** By sample: which findings point to a request or a thread. */
const pointing = new WeakMap<Sample, ReadonlyMap<Request | number, readonly Finding[]>>();

/** Those that point to one of them, in their order. */
function findingsOf(sample: Sample, some: readonly Request[], threads: readonly Task[]): readonly Finding[] {
  const all = pointing.get(sample) ?? pointed(sample);
  pointing.set(sample, all);
  const found = new Set<Finding>();
  for (const one of [...some, ...threads.map(({ tid }) => tid)])
    for (const finding of all.get(one) ?? []) found.add(finding);
  return sample.findings.filter((finding) => found.has(finding));
}

function pointed({ findings, requests }: Sample): ReadonlyMap<Request | number, readonly Finding[]> {
  const all = new Map<Request | number, Finding[]>();
  for (const finding of findings)
    for (const one of finding.evidence) {
      const at = 'request' in one ? requests[one.request] : 'task' in one ? one.task : undefined;
      if (at === undefined) continue;
      const known = all.get(at);
      if (known) known.push(finding);
      else all.set(at, [finding]);
    }
  return all;
}

interface Stack {
  readonly tasks: Task[];
  readonly frames: readonly UserFrame[];
}

/** Threads that are at the same place all the way up share one. */
function threadStacks(threads: readonly Task[]): readonly Stack[] {
  const stacks = new Map<string, Stack>();
  for (const task of threads) {
    const frames = task.userStack ?? [];
    const key = frames.map(({ address, function: name }) => `${address} ${name}`).join('\n');
    const stack = stacks.get(key);
    if (stack) stack.tasks.push(task);
    else stacks.set(key, { tasks: [task], frames });
  }
  return [...stacks.values()].sort((a, b) => b.tasks.length - a.tasks.length);
}
