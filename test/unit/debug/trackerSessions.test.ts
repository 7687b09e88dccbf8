import { describe, expect, it } from 'vitest';
import { DebuggeeTracker } from '../../../src/debug/tracker';
import { TrackedSessions } from '../../../src/debug/trackerSessions';

function tracker(pid?: number): DebuggeeTracker {
  const made = new DebuggeeTracker({ type: 'lldb-dap', name: 'Debug', configuration: { request: 'launch' } });
  if (pid !== undefined) made.received({ type: 'event', event: 'process', body: { systemProcessId: pid } });
  return made;
}

function sessionsOf(...some: readonly (readonly [string, number | undefined, string?])[]): TrackedSessions {
  const sessions = new TrackedSessions();
  for (const [id, pid, parent] of some) sessions.add(id, tracker(pid), parent);
  return sessions;
}
const followed = (sessions: TrackedSessions) => {
  const { id, debuggee } = sessions.followed ?? {};
  return id === undefined ? undefined : `${id} ${debuggee?.pid}`;
};

describe('the session that is followed', () => {
  it('is the focused one, else the newest', () => {
    const sessions = sessionsOf(['a', 1], ['b', 2]);
    expect(followed(sessions)).toBe('b 2');
    sessions.focus('a');
    expect(followed(sessions)).toBe('a 1');
  });

  it('stays where the focus goes to none, or to a session of our own', () => {
    const sessions = sessionsOf(['a', 1], ['b', 2]);
    sessions.focus('a');
    sessions.focus(undefined);
    sessions.focus('ours');
    expect(followed(sessions)).toBe('a 1');
  });

  it('is another one when it ends, and none after the last', () => {
    const sessions = sessionsOf(['a', 1], ['b', 2]);
    sessions.focus('b');
    sessions.remove('b');
    expect(followed(sessions)).toBe('a 1');
    sessions.remove('a');
    expect(followed(sessions)).toBeUndefined();
  });

  it('is the newest child where it has no process of its own, as the first of js-debug’s', () => {
    const sessions = sessionsOf(['root', undefined], ['one', 1, 'root'], ['two', 2, 'root'], ['other', 9]);
    sessions.focus('root');
    expect(followed(sessions)).toBe('two 2');
  });

  it('is the one above a child without a process, as a worker of js-debug’s', () => {
    const sessions = sessionsOf(['root', undefined], ['main', 1, 'root'], ['worker', undefined, 'main']);
    sessions.focus('worker');
    expect(followed(sessions)).toBe('main 1');
  });

  it('is a child with a process of its own, as of debugpy', () => {
    const sessions = sessionsOf(['main', 1], ['child', 2, 'main']);
    sessions.focus('child');
    expect(followed(sessions)).toBe('child 2');
  });

  it('is told without a process while none is known, and parents in a circle end', () => {
    const sessions = sessionsOf(['a', undefined, 'b'], ['b', undefined, 'a']);
    expect(followed(sessions)).toBe('b undefined');
  });
});
