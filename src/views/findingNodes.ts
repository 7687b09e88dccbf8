import { diskNamed } from '../explain/disks';
import { pageOf } from '../explain/pages';
import { indexOf } from '../explain/sampleIndex';
import { waitingCode } from '../explain/waitingCode';
import { t } from '../model/l10n';
import { printable } from '../model/printable';
import type { Evidence, Finding, Sample, Severity } from '../model/sample';
import { aioRow } from './aioNodes';
import { markdownText } from './escape';
import { type Node, type NodeIcon, paged } from './node';
import { requestRow } from './requestRow';
import { deviceRow, resourceRow } from './resourceNodes';
import { ringRow } from './ringNodes';
import { taskRow } from './taskNodes';
import { count, shown } from './words';

/** Findings that stand on their own below the process; the rest folds into one row. */
const FIRST_FINDINGS = 5;

const ICONS: Record<Severity, NodeIcon> = {
  critical: { id: 'error', color: 'list.errorForeground' },
  warning: { id: 'warning', color: 'list.warningForeground' },
  info: { id: 'info', color: 'notificationsInfoIcon.foreground' },
};

/** The answer first: the findings in their order, the first one unfolded. */
export function findingNodes(sample: Sample): readonly Node[] {
  const { findings } = sample;
  if (findings.length === 0) return [nothingFound(sample)];
  const rows = findings.map((finding, index) => findingNode(finding, sample, index === 0));
  if (rows.length <= FIRST_FINDINGS) return rows;
  const more = rows.slice(FIRST_FINDINGS - 1);
  return [
    ...rows.slice(0, FIRST_FINDINGS - 1),
    {
      id: 'more-findings',
      label: t('More findings ({0})', more.length),
      icon: { id: 'list-unordered' },
      children: () => paged(more, (row) => row),
    },
  ];
}

function findingNode(finding: Finding, sample: Sample, expanded: boolean): Node {
  const { evidence } = finding;
  return {
    id: `finding-${finding.tag}`,
    label: shown(finding.summary),
    icon: ICONS[finding.severity],
    tooltip: () => findingTooltip(finding),
    spoken: `${finding.severity}: ${shown(finding.summary, 1000)} ${shown(finding.remedy, 1000)}`,
    expanded,
    children: () => [
      ...prose('why', t('Why'), finding.explanation, 'question'),
      ...prose('code', t('Where in the program'), waitingCode(sample, finding), 'symbol-function'),
      ...prose('remedy', t('What to do'), finding.remedy, 'lightbulb'),
      ...(evidence.length === 0 ? [] : [evidenceNode(evidence, sample)]),
      ...learnMore(finding),
    ],
  };
}

function prose(id: string, label: string, text: string, icon: string): readonly Node[] {
  if (!text) return [];
  return [
    {
      id,
      label,
      description: shown(text, 1000),
      icon: { id: icon },
      tooltip: () => markdownText(printable(text)),
    },
  ];
}

/** By the tag alone: where a saved sample says its page is, means nothing. */
function learnMore({ tag }: Finding): readonly Node[] {
  if (pageOf(tag) === undefined) return [];
  return [
    {
      id: 'learn-more',
      label: t('Learn more'),
      description: t('what this means, how it is known, what to do'),
      icon: { id: 'book' },
      learnMore: tag,
    },
  ];
}

function findingTooltip({ summary, explanation, remedy, evidence }: Finding): string {
  const parts = [`**${markdownText(printable(summary))}**`];
  if (explanation) parts.push(markdownText(printable(explanation)));
  if (remedy) parts.push(t('**What to do:** {0}', markdownText(printable(remedy))));
  if (evidence.length > 0)
    parts.push(t('Seen in {0}; unfold the row to see them.', count(evidence.length, 'place')));
  return parts.join('\n\n');
}

function evidenceNode(evidence: readonly Evidence[], sample: Sample): Node {
  return {
    id: 'evidence',
    label: t('Seen in ({0})', evidence.length),
    icon: { id: 'eye' },
    spoken: t('Evidence: {0}', count(evidence.length, 'place')),
    children: () => paged(evidence, (item) => proof(item, sample)),
  };
}

/** The row of the thing a finding points to; a plain one where the sample does not hold it. */
function proof(item: Evidence, sample: Sample): Node {
  if ('task' in item) {
    const task = indexOf(sample).tasks.get(item.task);
    return task ? taskRow(task, sample) : { id: `task-${item.task}`, label: t('thread {0}', item.task) };
  }
  if ('request' in item) {
    const request = sample.requests[item.request];
    return request
      ? requestRow(request, sample)
      : { id: `request-${item.request}`, label: t('request {0}', item.request) };
  }
  if ('ring' in item) {
    const ring = sample.rings.find((candidate) => candidate.id === item.ring);
    return ring ? ringRow(ring, sample) : { id: `ring-${item.ring}`, label: t('ring {0}', item.ring) };
  }
  if ('fd' in item) {
    const resource = indexOf(sample).resources.get(item.fd);
    return resource ? resourceRow(resource, sample) : { id: `fd-${item.fd}`, label: `fd ${item.fd}` };
  }
  if ('aio' in item) {
    const context = sample.aio?.find((candidate) => candidate.id === item.aio);
    return context
      ? aioRow(context, sample)
      : { id: `aio-${item.aio}`, label: t('Linux AIO context {0}', item.aio) };
  }
  const label = t('block device {0}', shown(item.device));
  const id = `device-${item.device}`;
  const device = diskNamed(sample.devices ?? [], item.device);
  return device
    ? { ...deviceRow(device, sample.devices ?? []), id, label }
    : { id, label, icon: { id: 'database' } };
}

function nothingFound(sample: Sample): Node {
  const blind = sample.notVisible.length > 0;
  return {
    id: 'nothing',
    label: blind ? t('Nothing found wrong, as far as can be seen') : t('Nothing is wrong'),
    icon: blind ? { id: 'info' } : { id: 'pass', color: 'testing.iconPassed' },
    tooltip: () =>
      blind
        ? t(
            'No rule found a fault, but some things could not be seen: they stand under “Not visible”, each with what would show it\\.',
          )
        : t('No request, thread or worker waits for something that will not come\\.'),
  };
}
