import { carriedTarget, onlyTarget } from '../explain/operationTargets';
import { duration, operationLabel, resourceName } from '../explain/words';
import { printable } from '../model/printable';
import type { Request, RequestState, Sample } from '../model/sample';
import { markdownCode, markdownText } from './escape';
import { type Node, paged } from './node';
import { colored } from './severity';
import { taskRow } from './taskNodes';
import { dots, grouped, shown } from './words';

/** In the order of interest: what blocks, what is behind it, what has passed. */
const STATES: Record<RequestState, { readonly words: string; readonly icon: string }> = {
  running: { words: 'in a worker', icon: 'circle-filled' },
  issued: {
    words: 'in the device or file system',
    icon: 'circle-filled',
  },
  queued: { words: 'queued for a worker', icon: 'layers' },
  waiting: { words: 'waiting', icon: 'watch' },
  polling: { words: 'armed for readiness', icon: 'watch' },
  linked: { words: 'behind the request it is linked to', icon: 'link' },
  drained: { words: 'behind all earlier requests', icon: 'layers' },
  timeout: { words: 'timeout', icon: 'clock' },
  prepared: { words: 'prepared, not submitted', icon: 'edit' },
  completed: { words: 'completed, not collected', icon: 'check' },
  overflowed: { words: 'completed, completion queue overflowed', icon: 'warning' },
};
const ORDER = Object.keys(STATES);

/** Requests that do the same and stand in the same place are one row. */
export function requestNodes(requests: readonly Request[], sample: Sample): readonly Node[] {
  const found = new Map<string, [Request, ...Request[]]>();
  for (const request of requests) {
    const key = JSON.stringify([request.state, request.operation, request.path ?? request.fd ?? '']);
    const group = found.get(key);
    if (group) group.push(request);
    else found.set(key, [request]);
  }
  const groups = [...found].sort(([, [a]], [, [b]]) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state));
  return paged(groups, ([key, group]) =>
    group.length === 1 ? requestRow(group[0], sample) : groupRow(key, group, sample),
  );
}

function groupRow(id: string, requests: readonly [Request, ...Request[]], sample: Sample): Node {
  const [first] = requests;
  const { words, icon } = stateOf(first);
  const oldest = requests.reduce((most, { age }) => Math.max(most, age ?? 0), 0);
  const what = object(first);
  return {
    id,
    label: `${grouped(requests.length)} × ${shown(operationLabel(first.operation), 64)}${what ? ` ${what}` : ''}`,
    description: dots(words, likelyFile(first, sample), oldest > 0 && duration(oldest)),
    icon: colored(icon, first, sample),
    children: () => paged(requests, (request) => requestRow(request, sample)),
  };
}

/** One request; the worker that carries it stands below. */
export function requestRow(request: Request, sample: Sample): Node {
  const { words, icon } = stateOf(request);
  const { worker, age, offset, length, result, certainty } = request;
  const what = object(request);
  const task = worker === undefined ? undefined : sample.tasks.find(({ tid }) => tid === worker);
  return {
    id: identity(request),
    label: `${shown(operationLabel(request.operation), 64)}${what ? ` ${what}` : ''}`,
    description: dots(
      words,
      likelyFile(request, sample),
      age !== undefined && duration(age),
      length !== undefined &&
        `${grouped(length)} bytes${offset === undefined ? '' : ` at ${grouped(offset)}`}`,
      result !== undefined && result !== null && `result ${result}`,
      certainty !== 'certain' && certainty,
    ),
    icon: colored(icon, request, sample),
    tooltip: () => tooltip(request, sample),
    ...(task ? { children: () => [taskRow(task, sample)] } : {}),
  };
}

/** A state of a later version of the sample stays readable. */
function stateOf({ state }: Request): { readonly words: string; readonly icon: string } {
  return STATES[state] ?? { words: shown(String(state)), icon: 'question' };
}

function object({ path, fd, fixedFile }: Request): string | undefined {
  if (path !== undefined) return shown(path);
  if (typeof fixedFile === 'number') return `registered file ${fixedFile}`;
  return typeof fd === 'number' ? `fd ${fd}` : undefined;
}

/** The file of a request where the kernel does not say it and just one can be meant. */
function likelyFile(request: Request, sample: Sample): string | undefined {
  if (object(request) !== undefined) return undefined;
  const target =
    request.state === 'polling'
      ? onlyTarget(sample, request.operation)
      : request.worker !== undefined && carriedTarget(sample, request);
  return target ? shown(resourceName(target, sample.process.pid)) : undefined;
}

/** What tells a request from its like, the same at the next look. */
function identity({ operation, userData, address, offset, fd }: Request): string {
  return `request-${JSON.stringify([operation, userData, address, offset, fd])}`;
}

function tooltip(request: Request, sample: Sample): string {
  const { fd, fixedFile, path, offset, length, address, userData, flags, worker, sources, certainty } =
    request;
  const rows: [string, string | number | null | undefined][] = [
    ['path', path],
    ['fd', fd],
    ['registered file', fixedFile],
    ['offset', offset],
    ['length', length],
    ['address', address],
    ['user_data', userData],
    ['flags', flags && flags.length > 0 ? flags.join(', ') : undefined],
    ['carried by thread', worker],
    ['the only open file that fits', likelyFile(request, sample)],
  ];
  const facts = rows
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => `- ${markdownText(name)}: ${markdownCode(printable(String(value)))}`);
  return [
    `**${markdownText(printable(request.operation))}** — ${markdownText(stateOf(request).words)}`,
    facts.join('\n'),
    `${markdownText(certainty)}, from ${markdownText(printable(sources.join(', ')))}`,
  ].join('\n\n');
}
