import { afterEach, describe, expect, it, vi } from 'vitest';
import { readTasks, type TasksFound } from '../../../src/sample/tasks';
import { type FakeTarget, fakeTarget } from './fakeTarget';

const PID = 70;
const CLOCKS = { uptime: 1000, scheduler: 1000 };

function filesOf(tid: number, wchan: string, schedstat: string, state = 'S'): Record<string, string> {
  const zeros = Array.from({ length: 30 }, () => '0').join(' ');
  return {
    [`/proc/${PID}/task/${tid}/stat`]: `${tid} (w) ${state} 1 1 1 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 500 ${zeros}`,
    [`/proc/${PID}/task/${tid}/stack`]: `[<0>] ${wchan}+0x10/0x20\n`,
    [`/proc/${PID}/task/${tid}/schedstat`]: schedstat,
    [`/proc/${PID}/task/${tid}/sched`]: `w (${tid}, #threads: 1)\n-------------------------------------------\nse.exec_start          :        400000.000000\n`,
  };
}

const look = (target: FakeTarget, tids: readonly number[], before?: TasksFound) =>
  readTasks(target, {
    pid: PID,
    tids,
    arch: 'x86_64',
    clocks: CLOCKS,
    stacks: 'readable',
    remember: true,
    known: before?.known,
  });

const wchans = ({ tasks }: TasksFound) => tasks.map(({ tid, wchan }) => [tid, wchan]);

describe('tasks that have not run since the look before', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('are asked for no more than that, and stand as they were', async () => {
    const files = { ...filesOf(70, 'do_wait', '5 6 7\n'), ...filesOf(71, 'pipe_read', '5 6 7\n') };
    const first = await look(fakeTarget(files), [70, 71]);
    const now = fakeTarget({ ...files, ...filesOf(71, 'futex_wait', '9 6 8\n') });
    const second = await look(now, [70, 71], first);
    expect(now.asked.filter((path) => path.startsWith('/proc/70/task/70/'))).toEqual([
      '/proc/70/task/70/schedstat',
    ]);
    expect(second.tasks[0]).toEqual(first.tasks[0]);
    expect(wchans(second)).toEqual([
      [70, 'do_wait'],
      [71, 'futex_wait'],
    ]);
  });

  it('are blocked for as long as it is now', async () => {
    const files = filesOf(70, 'do_wait', '5 6 7\n');
    const first = await look(fakeTarget(files), [70]);
    const second = await readTasks(fakeTarget(files), {
      pid: PID,
      tids: [70],
      arch: 'x86_64',
      clocks: { uptime: 1012, scheduler: 1012 },
      stacks: 'readable',
      remember: true,
      known: first.known,
    });
    expect([first, second].map(({ tasks }) => tasks[0]?.blocked)).toEqual([600, 612]);
  });

  it('are read whole where the kernel counts no time slices', async () => {
    const first = await look(fakeTarget(filesOf(70, 'do_wait', '0 0 0\n')), [70]);
    const second = await look(fakeTarget(filesOf(70, 'futex_wait', '0 0 0\n')), [70], first);
    expect(wchans(second)).toEqual([[70, 'futex_wait']]);
  });

  it('tell their state anew after a while: who waits for a processor has not run', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const first = await look(fakeTarget(filesOf(70, 'do_wait', '5 6 7\n')), [70]);
    const woken = filesOf(70, 'do_wait', '5 6 7\n', 'R');
    vi.advanceTimersByTime(3000);
    const second = await look(fakeTarget(woken), [70], first);
    vi.advanceTimersByTime(3000);
    const third = await look(fakeTarget(woken), [70], second);
    expect([second, third].map(({ tasks }) => tasks[0]?.state)).toEqual(['S', 'R']);
    expect(third.tasks[0]).not.toHaveProperty('kernelStack');
  });

  it('are gone when they are, and another that has come is read', async () => {
    const first = await look(
      fakeTarget({ ...filesOf(70, 'do_wait', '5 6 7\n'), ...filesOf(71, 'pipe_read', '5 6 7\n') }),
      [70, 71],
    );
    const now = fakeTarget({ ...filesOf(70, 'do_wait', '5 6 7\n'), ...filesOf(72, 'ep_poll', '1 1 1\n') });
    const second = await look(now, [70, 71, 72], first);
    expect(wchans(second)).toEqual([
      [70, 'do_wait'],
      [72, 'ep_poll'],
    ]);
    expect(second.ended).toBe(1);
  });

  it('are not spared by a look that read other files', async () => {
    const files = filesOf(70, 'do_wait', '5 6 7\n');
    const first = await look(fakeTarget(files), [70]);
    const now = fakeTarget({ ...files, '/proc/70/task/70/wchan': 'do_wait' });
    await readTasks(now, {
      pid: PID,
      tids: [70],
      arch: 'x86_64',
      clocks: CLOCKS,
      stacks: 'unsure',
      remember: true,
      known: first.known,
    });
    expect(now.asked).toContain('/proc/70/task/70/wchan');
  });
});
