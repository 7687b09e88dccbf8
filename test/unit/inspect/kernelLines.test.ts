import { expect, it, onTestFinished } from 'vitest';
import type { HostId } from '../../../src/inspect/hostId';
import { Hosts } from '../../../src/inspect/hosts';
import { KernelLines } from '../../../src/inspect/kernelLines';
import { LinkThread } from '../../../src/inspect/linkThread';
import type { LinkAnswer, LinkQuestion } from '../../../src/source/linkMessages';
import type { Target } from '../../../src/target/target';
import { askers, FakeTarget, SteppedClock } from './fakeHosts';

const DB1: HostId = { kind: 'ssh', alias: 'db1' };
const FRAME = { function: 'vfs_read', offset: 1, size: 2, module: null };

it('lines are asked of a host that is connected, off this thread; none is connected for them, and a lost one is left alone', async () => {
  const made: FakeTarget[] = [];
  const open = async (): Promise<Target> => {
    const fake = new FakeTarget('db1');
    made.push(fake);
    return fake.target;
  };
  const hosts = new Hosts(open, askers, new SteppedClock(), () => 0.5);
  const posted: string[] = [];
  let hear: (message: unknown) => void = () => undefined;
  let end: (why: string | undefined) => void = () => undefined;
  const thread = new LinkThread(
    () => ({
      post: (message) => {
        const question = message as LinkQuestion;
        posted.push(question.kind);
        if (question.kind !== 'kernel line') return;
        const { id, frame, release } = question;
        if (frame.function === 'endless') end('it needed more than 512 MB');
        else hear({ id, location: { why: `${frame.function} of ${release}` } } satisfies LinkAnswer);
      },
      onMessage: (listener) => {
        hear = listener;
      },
      ended: new Promise((resolve) => {
        end = resolve;
      }),
      end: () => end(undefined),
    }),
    { setTimeout: () => undefined, clearTimeout: () => undefined },
  );
  onTestFinished(() => thread.dispose());
  const lines = new KernelLines(hosts, (...asked) => thread.kernelLine(...asked));
  expect(await lines.locate(DB1, FRAME, '6.1.0')).toBeUndefined();
  expect(made).toHaveLength(0);

  await hosts.of(DB1).use(async () => undefined);
  for (const _ of [1, 2])
    expect(await lines.locate(DB1, FRAME, '6.1.0')).toEqual({ why: 'vfs_read of 6.1.0' });
  // The host is lent to the thread once.
  expect(posted).toEqual(['target', 'kernel line', 'kernel line']);
  expect(await lines.locate(DB1, { ...FRAME, function: 'endless' }, '6.1.0')).toEqual({
    why: 'reading the debug symbols has failed: it needed more than 512 MB',
  });
  expect(await lines.locate(DB1, FRAME, '6.1.0')).toEqual({ why: 'vfs_read of 6.1.0' });

  hosts.leave('ssh:db1');
  expect(await lines.locate(DB1, FRAME, '6.1.0')).toBeUndefined();
  expect(made).toHaveLength(1);
});
