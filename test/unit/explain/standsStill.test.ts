import { describe, expect, it } from 'vitest';
import { type Scene, standsStill } from '../../../src/explain/rule';
import type { Sample, Task } from '../../../src/model/sample';

const task = (facts: Partial<Task>): Task => ({ tid: 7, name: 'x', kind: 'worker', state: 'D', ...facts });
const sample = (facts: Partial<Task>) =>
  ({ tasks: [task(facts)], rings: [], resources: [], requests: [] }) as unknown as Sample;

/** What two looks at one task make of it. */
function verdict(earlier: Partial<Task>, later: Partial<Task>): boolean | undefined {
  const scene: Scene = {
    sample: sample(later),
    other: sample(earlier),
    blocked: [],
    between: 0.3,
    last: true,
  };
  return standsStill(scene, task(later));
}

describe('whether a task stands still', () => {
  it('is told by when it last ran, even where the processors’ clocks disagree about the present', () => {
    expect(verdict({ lastRan: 4257.75, blocked: 0 }, { lastRan: 4257.75, blocked: 0 })).toBe(true);
    expect(verdict({ lastRan: 4257.75 }, { lastRan: 4257.75 })).toBe(true);
  });

  it('is denied when it ran between the looks, however it waits now', () => {
    expect(verdict({ lastRan: 4257.75, blocked: 0.9 }, { lastRan: 4257.8, blocked: 0.9 })).toBe(false);
    expect(verdict({ lastRan: 1, state: 'S' }, { lastRan: 1, state: 'D' })).toBe(false);
  });

  it('needs a second look for a short wait, none for a long one', () => {
    const scene = (facts: Partial<Task>): Scene => ({ sample: sample(facts), blocked: [], last: false });
    expect(standsStill(scene({}), task({ blocked: 0.5, lastRan: 1 }))).toBeUndefined();
    expect(standsStill(scene({}), task({ blocked: 31, lastRan: 1 }))).toBe(true);
  });
});
