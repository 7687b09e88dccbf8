import type { Sample } from '../../../src/model/sample';
import type { Node } from '../../../src/views/node';
import { rootNodes } from '../../../src/views/nodes';
import { live } from './samples';

export const children = (node: Node | undefined): readonly Node[] => node?.children?.() ?? [];

/** The row whose label starts so. */
export function below(nodes: readonly Node[], start: string): Node {
  const found = nodes.find(({ label }) => label.startsWith(start));
  if (!found) throw new Error(`no row "${start}" among ${nodes.map(({ label }) => label).join(' | ')}`);
  return found;
}

/** What stands below the process. */
export const rowsOf = (...args: Parameters<typeof live>) => children(rootNodes([live(...args)])[0]);

/** What stands below one ring of it. */
export const ringRows = (sample: Sample, ring = 'ring 1') =>
  children(below(children(below(rowsOf(sample), 'Rings')), ring));

export const everyId = (nodes: readonly Node[]): string[] =>
  nodes.flatMap((node) => [node.id, ...everyId(children(node))]);

export const labels = (nodes: readonly Node[]): string[] => nodes.map(({ label }) => label);
