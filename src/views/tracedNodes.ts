import { doubts, span } from '../explain/reportTrace';
import { operationFacts, rateFacts, requestFacts, statusFacts } from '../explain/traceWords';
import { duration } from '../explain/words';
import type { Inspected } from '../inspect/inspections';
import type { TracingState } from '../inspect/processTracing';
import { t } from '../model/l10n';
import { printable } from '../model/printable';
import type { Resource, TracedOperation, TracedRequest, TraceSummary } from '../model/sample';
import { markdownText } from './escape';
import { TRACED_CONTEXT, TRACING_CONTEXT } from './ids';
import { type Node, paged } from './node';
import { taskSource, userRows } from './sourceRows';
import { count, dots, grouped, shown } from './words';

type Names = ReadonlyMap<number, string>;

/** What is traced of an inspection, or was before its Sample was taken. */
export function tracedNodes({ key, host, tracing, snapshot: { sample } }: Inspected): readonly Node[] {
  const summary = tracing?.summary ?? (tracing ? undefined : sample?.trace);
  if (!tracing && !summary) return [];
  const state = tracing?.state ?? 'done';
  const names = namesOf(sample?.resources ?? []);
  const isUnderWay = state === 'starting' || state === 'running';
  const description = tracedWords(tracing, summary);
  return [
    {
      id: 'traced',
      inspection: key,
      label: isUnderWay
        ? t('Tracing')
        : state === 'stopping'
          ? t('Ending the trace')
          : state === 'failed'
            ? t('Not traced')
            : t('Traced'),
      description,
      icon: isUnderWay
        ? { id: 'record', color: 'charts.red' }
        : state === 'failed'
          ? { id: 'warning', color: 'list.warningForeground' }
          : { id: 'history' },
      ...(tracing ? { context: isUnderWay ? TRACING_CONTEXT : TRACED_CONTEXT } : {}),
      expanded: true,
      ...(tracing?.problem ? { tooltip: () => problemTooltip(tracing) } : {}),
      children: () => [
        ...problemRows(tracing, host !== undefined && !host.sudo ? key : undefined),
        ...(tracing ? statusRows(tracing) : []),
        ...(summary ? summaryRows(summary, names) : []),
      ],
    },
  ];
}

function tracedWords(tracing: TracingState | undefined, summary: TraceSummary | undefined): string {
  switch (tracing?.state) {
    case 'starting':
      return t('looks for its rings…');
    case 'running':
      return t('stops by itself after {0}', duration(tracing.limit));
    case 'stopping':
      return t('names the stacks…');
    case 'failed':
      return shown(tracing.problem?.why ?? '');
    default:
      return dots(
        summary && t('for {0}', duration(summary.seconds)),
        summary && count(summary.submitted, 'request'),
        tracing?.why && shown(tracing.why),
      );
  }
}

function problemTooltip({ problem }: TracingState): string {
  const { what = '', why = '', remedy = '' } = problem ?? {};
  return [what, why, remedy].map((text) => markdownText(printable(text))).join('\n\n');
}

/** `sudo` = the inspection that can begin anew with more rights. */
function problemRows(tracing: TracingState | undefined, sudo: string | undefined): readonly Node[] {
  const { code, remedy } = tracing?.problem ?? {};
  if (code === 'not-permitted')
    return sudo === undefined
      ? []
      : [{ id: 'sudo', label: t('Inspect with more rights (sudo)…'), icon: { id: 'shield' }, sudo }];
  return remedy === undefined ? [] : [{ id: 'remedy', label: shown(remedy), icon: { id: 'lightbulb' } }];
}

function statusRows({ state, status }: TracingState): readonly Node[] {
  if (state !== 'running' || !status) return [];
  const [rate = '', ...facts] = statusFacts(status);
  return [
    {
      id: 'status',
      label: rate,
      description: dots(...facts),
      icon: status.lostEvents > 0 ? { id: 'warning', color: 'list.warningForeground' } : { id: 'dashboard' },
    },
  ];
}

function summaryRows(summary: TraceSummary, names: Names): readonly Node[] {
  const [rate = '', ...rates] = rateFacts(summary);
  const { operations, slowest, oldest } = summary;
  return [
    { id: 'rates', label: rate, description: dots(...rates), icon: { id: 'pulse' } },
    ...list('operations', t('Latency by operation and file'), 'list-ordered', operations, (row) =>
      operationRow(row, names),
    ),
    ...list('slowest', t('Slowest requests'), 'watch', slowest, (request, index) =>
      requestRow(request, index, names),
    ),
    ...list('pending', t('Not completed'), 'loading', oldest, (request, index) =>
      requestRow(request, index, names),
    ),
    ...doubts(summary).map((text) => ({
      id: text.replace(/^[\d,]+ /, ''),
      label: shown(text),
      icon: { id: 'eye-closed' },
      tooltip: () => markdownText(printable(text)),
    })),
  ];
}

function list<T>(
  id: string,
  label: string,
  icon: string,
  items: readonly T[],
  row: (item: T, index: number) => Node,
): readonly Node[] {
  if (items.length === 0) return [];
  return [
    {
      id,
      label: `${label} (${grouped(items.length)})`,
      icon: { id: icon },
      expanded: id === 'operations',
      children: () => paged(items, row),
    },
  ];
}

function operationRow(row: TracedOperation, names: Names): Node {
  const { operation, fd } = row;
  return {
    id: `${operation} ${fd ?? ''}`,
    label: dots(shown(operation), fileWords(fd, names)),
    description: dots(...operationFacts(row)),
    icon: { id: Object.keys(row.errors).length > 0 ? 'error' : 'symbol-event' },
  };
}

/** Below it the stack of the thread that submitted it. */
function requestRow(request: TracedRequest, index: number, names: Names): Node {
  const { operation, took, fd, userData, stack, stackNote } = request;
  const task = {
    ...(stack ? { userStack: stack } : {}),
    ...(stackNote === undefined ? {} : { userStackNote: stackNote }),
  };
  const has = stack !== undefined || stackNote !== undefined;
  return {
    id: `request-${index}`,
    label: dots(span(took), shown(operation), fileWords(fd, names)),
    description: dots(...requestFacts(request), `user_data ${shown(userData, 20)}`),
    icon: { id: 'watch' },
    ...taskSource(task),
    ...(has ? { children: () => userRows(task) } : {}),
  };
}

function fileWords(fd: number | undefined, names: Names): string | undefined {
  if (fd === undefined) return undefined;
  const name = names.get(fd);
  return name ? `fd ${fd} ${shown(name)}` : `fd ${fd}`;
}

function namesOf(resources: readonly Resource[]): Names {
  return new Map(resources.map(({ fd, path, link }) => [fd, path ?? link ?? '']));
}
