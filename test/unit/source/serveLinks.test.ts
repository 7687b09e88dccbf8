import { MessageChannel } from 'node:worker_threads';
import { expect, it, onTestFinished } from 'vitest';
import type { LinkAnswer, LinkQuestion } from '../../../src/source/linkMessages';
import { serveLinks } from '../../../src/source/serveLinks';
import { lendTarget } from '../../../src/target/portTarget';
import { unpack } from '../../../src/target/unpack';
import { sampleOf, taskOf } from '../samples';
import { FakeProcess, inCall, PID } from './fakeProcess';

it('a look that is given up ends in the thread, too, and others go on', async () => {
  const target = new FakeProcess();
  target.threads.set(PID, inCall(0x1000, 0x2000));
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  let reads = 0;
  const { read } = target;
  target.read = async (paths) => {
    reads++;
    if (paths.some((path) => path.endsWith('maps'))) await held;
    return read.call(target, paths);
  };
  const { port1, port2 } = new MessageChannel();
  const loan = lendTarget(target);
  onTestFinished(() => {
    loan.close();
    port1.close();
  });
  serveLinks(port2, { unpack });
  const answers: LinkAnswer[] = [];
  port1.on('message', (answer: LinkAnswer) => void answers.push(answer));
  const ask = (question: LinkQuestion) => port1.postMessage(question, 'port' in question ? [loan.port] : []);
  ask({ kind: 'target', target: 1, facts: loan.facts, port: loan.port });
  const sample = sampleOf({ tasks: [taskOf({ tid: PID })] });
  ask({ kind: 'link', id: 1, target: 1, sample });
  await expect.poll(() => reads).toBeGreaterThan(1);
  ask({ kind: 'give up', id: 1 });
  ask({ kind: 'give up', id: 99 });
  ask({ kind: 'link', id: 2, target: 1, sample: { ...sample, tasks: [] } });
  await expect.poll(() => answers.map(({ id }) => id)).toEqual([2]);
  release();
  await expect.poll(() => answers.length).toBe(2);
  expect(answers[1]).toEqual({ id: 1, failure: { message: 'This operation was aborted' } });
});
