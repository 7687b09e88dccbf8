import type { DebugProtocol } from '@vscode/debugprotocol';
import { printable } from '../model/printable';
import type { Sample } from '../model/sample';
import type { Client } from './client';
import { EXPRESSIONS } from './expressions';

/** Choices of one answer. */
const MOST = 100;

/** What could stand where the cursor is, for the first line of the text. */
export function completions(
  sample: Sample | undefined,
  { text, column, line }: Partial<DebugProtocol.CompletionsArguments>,
  { columnsStartAt1 }: Client,
): DebugProtocol.CompletionsResponse['body'] {
  if (typeof text !== 'string' || (line ?? 1) > 1) return { targets: [] };
  const first = columnsStartAt1 ? 1 : 0;
  const before = text.slice(0, typeof column === 'number' ? Math.max(0, column - first) : text.length);
  const [, name, typed = ''] = /^\s*(?:(\S+)\s+)?(\S*)$/.exec(before) ?? [];
  const place = { start: before.length - typed.length + first, length: typed.length };
  const targets: DebugProtocol.CompletionItem[] = [];
  for (const [label, detail, type] of choices(sample, name, before)) {
    if (targets.length >= MOST) break;
    if (label.startsWith(typed)) targets.push({ label, detail: printable(detail, 100), type, ...place });
  }
  return { targets };
}

type Choice = readonly [label: string, detail: string, type: DebugProtocol.CompletionItemType];

function* choices(sample: Sample | undefined, name: string | undefined, before: string): Iterable<Choice> {
  if (name === undefined) {
    if (/^\s*\S*$/.test(before))
      for (const one of EXPRESSIONS)
        yield [one.name, one.tells, one.argument === undefined ? 'keyword' : 'function'];
    return;
  }
  const found = EXPRESSIONS.find((one) => one.name === name);
  if (!found?.choices || !sample) return;
  const seen = new Set<string>();
  for (const [argument, detail] of found.choices(sample)) {
    if (!seen.has(argument)) yield [argument, detail, 'value'];
    seen.add(argument);
  }
}
