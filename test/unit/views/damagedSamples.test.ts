import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSample, serialize } from '../../../src/sample/savedSample';
import { answer, statusText } from '../../../src/views/answer';
import { type Node, outline } from '../../../src/views/node';
import { rootNodes } from '../../../src/views/nodes';
import { behind, linked, listed, older, stuck } from './samples';

const junk = fc.constantFrom<unknown>(null, 0, -1, 1e300, 'x', '', [], {}, [null], [{}], true);

/** Every place in a JSON value, as a path. */
function places(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  const below = Object.entries(value).flatMap(([key, item]) => places(item, [...path, key]));
  return path.length === 0 ? below : [path, ...below];
}

function replaced(value: unknown, [key, ...rest]: readonly string[], by: unknown): unknown {
  if (key === undefined) return by;
  const copy = Array.isArray(value) ? [...value] : { ...(value as object) };
  Reflect.set(copy, key, replaced(Reflect.get(copy, key), rest, by));
  return copy;
}

const tooltips = (nodes: readonly Node[]): string[] =>
  nodes.flatMap((node) => [node.tooltip?.() ?? '', ...tooltips(node.children?.() ?? [])]);

describe('a damaged sample', () => {
  it.each([
    ['with what /proc tells', stuck()],
    [
      'with requests in every state',
      listed({ requests: listed().requests.filter((_, n) => n < 2 || n > 97) }),
    ],
    ['with contexts of Linux AIO', older()],
    ['with links to the source', { ...linked(), devices: [], resources: [] }],
    ['with what stands behind files', { ...behind(), tasks: [], findings: [] }],
  ])('%s is refused or shown as far as it goes, but never breaks the tree', (_, undamaged) => {
    const whole: unknown = JSON.parse(serialize(undamaged));
    const shown = { parsed: 0, refused: 0 };
    fc.assert(
      fc.property(fc.constantFrom(...places(whole)), junk, (path, by) => {
        const text = JSON.stringify(replaced(whole, path, by));
        let sample: ReturnType<typeof parseSample>;
        try {
          sample = parseSample(text);
        } catch {
          shown.refused += 1;
          return;
        }
        shown.parsed += 1;
        const all = [{ key: 's', pid: 1, snapshot: { state: 'ended', sample }, savedAs: 'a.json' }] as const;
        const roots = rootNodes(all);
        expect(outline(roots)).not.toBe('');
        expect(tooltips(roots).length).toBeGreaterThan(0);
        answer(all);
        statusText(all);
      }),
      { numRuns: 300 },
    );
    expect(shown.parsed).toBeGreaterThan(0);
    expect(shown.refused).toBeGreaterThan(0);
  });
});
