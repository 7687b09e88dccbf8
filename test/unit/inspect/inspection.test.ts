import { describe, expect, it } from 'vitest';
import { type Clock, Inspection, type TakeSample } from '../../../src/inspect/inspection';
import { UserError } from '../../../src/model/errors';
import type { Sample } from '../../../src/model/sample';
import { sampleOf, taskOf } from '../samples';

/** A clock whose timers the test fires. */
function manualClock(): Clock & { readonly due: { callback: () => void; wait: number }[]; time: number } {
  const due: { callback: () => void; wait: number }[] = [];
  return {
    due,
    time: 0,
    now() {
      return this.time;
    },
    setTimeout(callback, wait) {
      const entry = { callback, wait };
      due.push(entry);
      return entry;
    },
    clearTimeout(handle) {
      const index = due.indexOf(handle as (typeof due)[number]);
      if (index >= 0) due.splice(index, 1);
    },
  };
}

const ok: TakeSample = async () => sampleOf();

describe('an inspection', () => {
  it('publishes each Sample and looks again on its interval', async () => {
    const clock = manualClock();
    const inspection = new Inspection(7, ok, clock, 2);
    const states: string[] = [];
    inspection.onChange((snapshot) => states.push(snapshot.state));
    await inspection.refresh();
    expect(inspection.snapshot.sample?.process.pid).toBe(7);
    expect(clock.due.map(({ wait }) => wait)).toEqual([2000]);
    expect(states).toEqual(['live']);
  });

  it('tells from the second look on how it goes, and what looking takes', async () => {
    const clock = manualClock();
    let uptime = 100;
    let probe = 0;
    const take: TakeSample = async (_signal, _previous, _search, told) => {
      probe += 20;
      uptime += 2;
      told?.spent?.(probe);
      const sample = sampleOf();
      return { ...sample, host: { ...sample.host, uptime } };
    };
    const inspection = new Inspection(7, take, clock, 2);
    await inspection.refresh();
    expect(inspection.snapshot).not.toHaveProperty('activity');
    clock.time += 2000;
    await inspection.refresh();
    expect(inspection.snapshot.activity).toMatchObject({ point: { span: 2 }, own: 0, probe: 0.01 });
  });

  it('ends with its process, also where another one has its number', async () => {
    let startTime = 100;
    const take: TakeSample = async () => {
      const sample = sampleOf();
      return { ...sample, process: { ...sample.process, startTime } };
    };
    const inspection = new Inspection(7, take, manualClock(), 2);
    await inspection.refresh();
    await inspection.refresh();
    expect(inspection.snapshot.state).toBe('live');
    startTime = 200;
    await inspection.refresh();
    expect(inspection.snapshot).toMatchObject({
      state: 'ended',
      problem: { code: 'process-gone', why: 'Its number is another process’s now.' },
      sample: { process: { startTime: 100 } },
    });
  });

  it('shows what a Sample is completed to later, of a newer one what stands still', async () => {
    const userStack = [{ function: 'main', address: '0x10', trust: 'proven' }] as const;
    const lates: ((linked: Sample) => void)[] = [];
    const samples = ['2026-01-01T00:00:00.000Z', '2026-01-01T00:00:01.000Z'].map((takenAt, index) =>
      sampleOf({ takenAt, tasks: [taskOf({ tid: 7, lastRan: 1 }), taskOf({ tid: 8, lastRan: index })] }),
    );
    const linked = samples.map((sample) => ({
      ...sample,
      tasks: sample.tasks.map((task) => ({ ...task, userStack })),
    }));
    const [first, second] = samples;
    const queue = [...samples];
    const take: TakeSample = async (_signal, _previous, _search, told) => {
      if (told?.late) lates.push(told.late);
      return queue.shift() ?? sampleOf();
    };
    const inspection = new Inspection(7, take, manualClock());
    await inspection.refresh();
    expect(inspection.snapshot.sample).toBe(first);
    lates[0]?.(linked[0] ?? sampleOf());
    expect(inspection.snapshot.sample).toBe(linked[0]);
    await inspection.refresh();
    lates[0]?.(linked[0] ?? sampleOf());
    expect(inspection.snapshot.sample?.takenAt).toBe(second?.takenAt);
    expect(inspection.snapshot.sample?.tasks.map((task) => task.userStack)).toEqual([userStack, undefined]);
    inspection.dispose();
    lates[1]?.(linked[1] ?? sampleOf());
    expect(inspection.snapshot).toMatchObject({ state: 'ended', sample: { takenAt: second?.takenAt } });
    expect(inspection.snapshot.sample?.tasks[1]?.userStack).toBeUndefined();
  });

  it('looks once more, after the look that is under way, where that may fail for what has passed', async () => {
    const answers: (() => void)[] = [];
    const take: TakeSample = () =>
      new Promise((resolve) => {
        answers.push(() => resolve(sampleOf()));
      });
    const inspection = new Inspection(7, take, manualClock());
    const first = inspection.refresh();
    const joined = inspection.refresh();
    const anew = inspection.refreshAnew();
    answers[0]?.();
    await Promise.all([first, joined]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(answers).toHaveLength(2);
    answers[1]?.();
    await anew;
  });

  it('waits ten times what a dear look cost', async () => {
    const clock = manualClock();
    const slow: TakeSample = async () => {
      clock.time += 1500;
      return sampleOf();
    };
    await new Inspection(7, slow, clock, 2).refresh();
    expect(clock.due.map(({ wait }) => wait)).toEqual([15000]);
  });

  it('reads counters between looks while somebody watches: points of the history, and the Sample as it was', async () => {
    const clock = manualClock();
    const ring = { id: 1, fd: 3, owner: 7, setup: [], readable: true };
    const at = (uptime: number, cqTail: number) => {
      const sample = sampleOf({ rings: [{ ...ring, cqTail }] });
      const takenAt = new Date(1e12 + uptime * 1000).toISOString();
      return { ...sample, takenAt, host: { ...sample.host, uptime } };
    };
    const take: TakeSample = async () => at(100, 10);
    const counters = [at(100.4, 20), undefined, at(101.2, 40)];
    const inspection = new Inspection(7, take, clock, 2, async () => counters.shift());
    let told = 0;
    inspection.onCount(() => told++);
    await inspection.refresh();
    expect(clock.due.map(({ wait }) => wait)).toEqual([2000]);
    inspection.count(0.4);
    const { snapshot } = inspection;
    for (const waits of [400, 400, 400]) {
      const [entry] = clock.due.splice(0);
      expect(entry?.wait).toBe(waits);
      clock.time += waits;
      entry?.callback();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(told).toBe(2);
    expect(inspection.snapshot).toBe(snapshot);
    expect(inspection.history.points.map(({ counted, rings }) => [counted, rings[0]?.completed])).toEqual([
      [undefined, undefined],
      [true, expect.closeTo(25)],
      [true, expect.closeTo(25)],
    ]);
    inspection.pause();
    expect(clock.due).toEqual([]);
  });

  it('asks whether its process is still there while no looks come, and ends with it', async () => {
    const clock = manualClock();
    let isThere = true;
    let looks = 0;
    const take: TakeSample = async () => {
      looks++;
      if (isThere) return sampleOf();
      throw new UserError('process-gone', 'Process 7 has ended.', 'It is not there.');
    };
    const read = async (_: unknown, last: Sample) => (isThere ? { ...last, devices: [] } : undefined);
    const inspection = new Inspection(7, take, clock, undefined, read);
    inspection.check(5);
    await inspection.refresh();
    const [first] = clock.due;
    expect(first?.wait).toBe(5000);
    first?.callback();
    await expect.poll(() => clock.due.some((one) => one !== first)).toBe(true);
    expect([looks, inspection.snapshot.state]).toEqual([1, 'live']);
    isThere = false;
    clock.due.find((one) => one !== first)?.callback();
    await expect.poll(() => inspection.snapshot.state).toBe('ended');
    expect(looks).toBe(2);
  });

  it('goes on after counters that failed, and leaves out those that a look has overtaken', async () => {
    const clock = manualClock();
    const answers: ((error?: Error) => void)[] = [];
    const read = () =>
      new Promise<Sample>((resolve, reject) => {
        answers.push((error) =>
          error ? reject(error) : resolve(sampleOf({ takenAt: '2026-01-02T03:04:06Z' })),
        );
      });
    const inspection = new Inspection(7, ok, clock, 2, read);
    inspection.count(0.4);
    await inspection.refresh();
    clock.due.splice(0)[0]?.callback();
    answers[0]?.(new Error('gone'));
    await new Promise((resolve) => setImmediate(resolve));
    clock.due.splice(0)[0]?.callback();
    const looking = inspection.refresh();
    answers[1]?.();
    await looking;
    expect(inspection.history.points).toHaveLength(2);
    expect(inspection.history.points.some(({ counted }) => counted)).toBe(false);
    expect(clock.due).toHaveLength(1);
  });

  it('counts what this program took of a processor, where the clock tells, and not that it waited', async () => {
    let used = 0;
    const clock = { ...manualClock(), processor: () => used };
    const far: TakeSample = async () => {
      clock.time += 1500;
      used += 400;
      return sampleOf();
    };
    await new Inspection(7, far, clock, 2).refresh();
    expect(clock.due.map(({ wait }) => wait)).toEqual([4000]);
  });

  it('looks less often the more the probe takes, from the second look on', async () => {
    const clock = manualClock();
    let total = 5000;
    const take: TakeSample = async (_signal, _previous, _search, told) => {
      total += 50;
      told?.spent?.(total);
      return sampleOf();
    };
    const inspection = new Inspection(7, take, clock, 2);
    await inspection.refresh();
    expect(clock.due.map(({ wait }) => wait)).toEqual([2000]);
    await inspection.refresh();
    expect(clock.due.map(({ wait }) => wait)).toEqual([3000]);
    // What others take of the same probe counts as well, and a look by hand is paid for, too.
    total += 50;
    await inspection.refresh();
    expect(clock.due.map(({ wait }) => wait)).toEqual([9000]);
    clock.time += 9000;
    total = 0;
    await inspection.refresh();
    expect(clock.due.map(({ wait }) => wait)).toEqual([3000]);
  });

  it('searches on demand after the look under way, and at every look from then on', async () => {
    const searched: (boolean | undefined)[] = [];
    let progress = 0;
    const take: TakeSample = async (_signal, _previous, search) => {
      searched.push(search !== undefined);
      search?.progress?.(1);
      return sampleOf();
    };
    const inspection = new Inspection(7, take, manualClock());
    void inspection.refresh();
    await inspection.refresh({
      progress: (part) => {
        progress = part;
      },
    });
    await inspection.refresh();
    expect(searched).toEqual([false, true, true]);
    expect(progress).toBe(1);
  });

  it('keeps the picture when a search is cancelled, and searches no more', async () => {
    const searched: boolean[] = [];
    const abort = new AbortController();
    const take: TakeSample = async (_signal, _previous, search) => {
      searched.push(search !== undefined);
      if (!search) return sampleOf();
      abort.abort();
      throw new Error('cancelled');
    };
    const inspection = new Inspection(7, take, manualClock());
    await inspection.refresh();
    await inspection.refresh({ signal: abort.signal });
    await inspection.refresh();
    expect(searched).toEqual([false, true, false]);
    expect(inspection.snapshot).toMatchObject({ state: 'live', sample: { process: { pid: 7 } } });
    expect(inspection.snapshot).not.toHaveProperty('problem');
  });

  it('joins a refresh that is under way', async () => {
    let looks = 0;
    const inspection = new Inspection(
      7,
      async () => {
        looks++;
        return sampleOf();
      },
      manualClock(),
    );
    await Promise.all([inspection.refresh(), inspection.refresh()]);
    expect(looks).toBe(1);
  });

  it('keeps the last Sample and says what went wrong when a look fails', async () => {
    let fail = false;
    const inspection = new Inspection(
      7,
      async () => {
        if (fail) throw new Error('no answer');
        return sampleOf();
      },
      manualClock(),
      1,
    );
    await inspection.refresh();
    fail = true;
    await inspection.refresh();
    expect(inspection.snapshot).toMatchObject({
      state: 'live',
      problem: { code: 'internal', why: 'no answer' },
    });
    expect(inspection.snapshot.sample).toBeDefined();
  });

  it.each(['process-gone', 'no-such-process'] as const)('ends by itself on %s', async (code) => {
    const clock = manualClock();
    const inspection = new Inspection(
      7,
      async () => {
        throw new UserError(code, 'Gone.', 'It ended.');
      },
      clock,
      1,
    );
    await inspection.refresh();
    expect(inspection.snapshot.state).toBe('ended');
    expect(clock.due).toEqual([]);
  });

  it('shows an earlier moment, frozen, and goes on from now when resumed', async () => {
    let second = 0;
    const take: TakeSample = async () => {
      second += 1;
      return { ...sampleOf(), takenAt: new Date(second * 1000).toISOString() };
    };
    const clock = manualClock();
    const inspection = new Inspection(7, take, clock, 2);
    for (let look = 0; look < 3; look++) await inspection.refresh();
    inspection.rewind(1400);
    expect(inspection.snapshot).toMatchObject({
      state: 'paused',
      sample: { takenAt: new Date(1000).toISOString() },
    });
    expect(clock.due).toEqual([]);
    inspection.resume();
    await inspection.refresh();
    expect(inspection.snapshot).toMatchObject({
      state: 'live',
      sample: { takenAt: new Date(4000).toISOString() },
    });
    expect(inspection.history.points.map(({ at }) => at)).toEqual([1000, 2000, 3000, 4000]);
  });

  it('freezes its picture while paused, and looks at once when resumed', async () => {
    const clock = manualClock();
    let looks = 0;
    const inspection = new Inspection(
      7,
      async () => {
        looks++;
        return sampleOf();
      },
      clock,
      1,
    );
    await inspection.refresh();
    inspection.pause();
    expect(clock.due).toEqual([]);
    expect(inspection.snapshot.state).toBe('paused');
    inspection.resume();
    await inspection.refresh();
    expect(looks).toBe(2);
    expect(inspection.snapshot.state).toBe('live');
  });

  it('says nothing any more once it is disposed of, also of a look under way', async () => {
    let release = () => {};
    const inspection = new Inspection(
      7,
      () => new Promise((resolve) => (release = () => resolve(sampleOf()))),
      manualClock(),
      1,
    );
    const under = inspection.refresh();
    inspection.dispose();
    release();
    await under;
    expect(inspection.snapshot.state).toBe('ended');
    expect(inspection.snapshot.sample).toBeUndefined();
  });
});
