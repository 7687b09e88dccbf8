import { describe, expect, it } from 'vitest';
import { type HostId, hostKey, LOCAL } from '../../../src/inspect/hostId';
import type { Clock, TakeSample } from '../../../src/inspect/inspection';
import { Inspections } from '../../../src/inspect/inspections';
import type { BegunTrace } from '../../../src/inspect/processTracing';
import { UserError } from '../../../src/model/errors';
import type { TraceSummary } from '../../../src/model/trace';
import type { TraceDetails, TraceStatus } from '../../../src/model/traceDetails';
import { healthy, stuck } from '../views/samples';

class FakeClock implements Clock {
  readonly due: { readonly callback: () => void; readonly wait: number }[] = [];
  now = () => 0;
  setTimeout = (callback: () => void, wait: number) => {
    const entry = { callback, wait };
    this.due.push(entry);
    return entry;
  };
  clearTimeout = (handle: unknown) => {
    const at = this.due.indexOf(handle as (typeof this.due)[number]);
    if (at >= 0) this.due.splice(at, 1);
  };
}

const clock = new FakeClock();
const always = (take: TakeSample) => (): TakeSample => take;

describe('the list of inspections', () => {
  it('follows a process once, however often it is asked for', async () => {
    const list = new Inspections(
      always(async () => stuck()),
      clock,
    );
    await list.follow(4242);
    await list.follow(4242);
    expect(list.all.map(({ key, snapshot }) => [key, snapshot.state])).toEqual([['process-4242', 'live']]);
  });

  it('begins anew when the process had ended, as its pid may name another one', async () => {
    let looks = 0;
    const list = new Inspections(
      always(async () => {
        looks += 1;
        if (looks === 2) throw new UserError('process-gone', 'It has ended.', 'It is not there any more.');
        return looks === 1 ? stuck() : healthy();
      }),
      clock,
    );
    await list.follow(4242);
    await list.refresh('process-4242');
    expect(list.all[0]?.snapshot).toMatchObject({ state: 'ended', problem: { code: 'process-gone' } });
    expect(list.all[0]?.snapshot.sample).toEqual(stuck());
    const again = await list.follow(4242);
    expect(again?.snapshot).toMatchObject({ state: 'live', sample: healthy() });
    expect(list.all).toHaveLength(1);
  });

  it('leaves nothing behind when the first look is cancelled, even one that never ends', async () => {
    const list = new Inspections(
      always(() => new Promise(() => undefined)),
      clock,
    );
    const cancel = new AbortController();
    const looking = list.follow(4242, { signal: cancel.signal });
    expect(list.all).toHaveLength(1);
    cancel.abort();
    expect(await looking).toBeUndefined();
    expect(list.all).toEqual([]);
  });

  it('keeps a failure as part of the picture', async () => {
    const fails = async () => {
      throw new UserError('not-permitted', 'It may not be seen.', 'It is of root.', 'Use sudo.');
    };
    const list = new Inspections(always(fails), clock);
    const inspected = await list.follow(1);
    expect(inspected?.snapshot).toMatchObject({ problem: { code: 'not-permitted', remedy: 'Use sudo.' } });
  });

  it('refreshes neither what is paused nor what was opened from a file', async () => {
    let looks = 0;
    const list = new Inspections(
      always(async () => {
        looks += 1;
        return stuck();
      }),
      clock,
    );
    await list.follow(4242);
    list.open(healthy(), '/tmp/a.json');
    list.pause('process-4242');
    await list.refreshAll();
    expect(looks).toBe(1);
    list.resume('process-4242');
    await list.refreshAll();
    expect(looks).toBe(2);
    await list.refresh('sample-1');
    expect(list.all.map(({ savedAs }) => savedAs)).toEqual([undefined, '/tmp/a.json']);
  });

  it('tells the same pid on two hosts apart, and closes those of one host', async () => {
    const asked: string[] = [];
    const list = new Inspections((host, pid) => {
      asked.push(`${hostKey(host)} ${pid}`);
      return async () => stuck();
    }, clock);
    const db1: HostId = { kind: 'ssh', alias: 'db1' };
    await list.follow(4242);
    await list.follow(4242, { host: db1 });
    await list.follow(4242, { host: { ...db1, sudo: true } });
    await list.follow(4242, { host: db1 });
    expect(asked).toEqual(['local 4242', 'ssh:db1 4242', 'sudo ssh:db1 4242']);
    list.removeHost(db1);
    expect(list.all.map(({ host }) => host)).toEqual([LOCAL, { ...db1, sudo: true }]);
  });

  it('looks at the processes of one host alone', async () => {
    const looks: string[] = [];
    const list = new Inspections(
      (host) => async () => {
        looks.push(hostKey(host));
        return stuck();
      },
      clock,
    );
    const db1: HostId = { kind: 'ssh', alias: 'db1' };
    await list.follow(1);
    await list.follow(2, { host: db1 });
    looks.length = 0;
    await list.refreshAll(db1);
    expect(looks).toEqual(['ssh:db1']);
  });

  it('sets the interval of all, also of those that begin later', async () => {
    const own = new FakeClock();
    const list = new Inspections(
      always(async () => stuck()),
      own,
    );
    list.setInterval(3);
    await list.follow(1);
    await list.follow(2);
    expect(own.due.map(({ wait }) => wait)).toEqual([3000, 3000]);
    list.setInterval(undefined);
    expect(own.due).toEqual([]);
  });

  it('tells of every change, and of none once it is closed', async () => {
    const list = new Inspections(
      always(async () => stuck()),
      clock,
    );
    let changes = 0;
    list.onChange(() => {
      changes += 1;
    });
    await list.follow(4242);
    expect(changes).toBeGreaterThanOrEqual(2);
    changes = 0;
    list.remove('process-4242');
    expect(changes).toBe(1);
    expect(list.all).toEqual([]);
    list.dispose();
    list.open(stuck(), 'x');
    expect(changes).toBe(1);
  });

  it('ends a trace with its process, keeps what was traced, and gives one back that is closed', async () => {
    let stops = 0;
    let gone = false;
    const summary = { seconds: 1 } as TraceSummary;
    const running: BegunTrace['running'] = {
      soFar: () => summary,
      status: () => ({}) as TraceStatus,
      latest: () => ({ count: 1, p50: 1, p99: 2, most: 3 }),
      ended: new Promise(() => undefined),
      stop: async () => {
        stops += 1;
        return { summary, submits: [], details: {} as TraceDetails };
      },
    };
    const list = new Inspections(
      always(async () => {
        if (gone) throw new UserError('process-gone', 'It has ended.', 'It is not there any more.');
        return stuck();
      }),
      clock,
      undefined,
      () => async () => ({ running }),
    );
    const { key = '' } = (await list.follow(4242)) ?? {};
    await list.trace(key, 60);
    expect(list.get(key)?.tracing).toMatchObject({ state: 'running', limit: 60 });
    await list.refresh(key);
    expect(list.historyOf(key)?.points.at(-1)?.latency).toMatchObject({ p99: 2 });
    gone = true;
    await list.refresh(key);
    await new Promise((resolve) => setImmediate(resolve));
    expect(list.get(key)?.tracing).toMatchObject({
      state: 'done',
      why: 'The process has ended.',
      summary,
    });
    gone = false;
    const { key: other = '' } = (await list.follow(4343)) ?? {};
    await list.trace(other, 60);
    list.remove(other);
    expect(stops).toBe(2);
  });
});
