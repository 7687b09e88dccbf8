import { gravestOf, severityOf } from '../explain/blame';
import type { Request, Sample, Severity, Task } from '../model/sample';
import type { NodeIcon } from './node';

const COLORS: Record<Severity, string | undefined> = {
  critical: 'list.errorForeground',
  warning: 'list.warningForeground',
  info: undefined,
};

/** Colours a row as the gravest finding that points to it; an ordinary wait has none. */
export function colored(icon: string, item: Task | Request, sample: Sample): NodeIcon {
  return withColor(icon, severityOf(item, sample));
}

/** Colours the row of several requests as the gravest of them. */
export function coloredAsAny(icon: string, items: readonly Request[], sample: Sample): NodeIcon {
  return withColor(icon, gravestOf(items, sample));
}

function withColor(icon: string, severity: Severity | undefined): NodeIcon {
  const color = severity && COLORS[severity];
  return color === undefined ? { id: icon } : { id: icon, color };
}
