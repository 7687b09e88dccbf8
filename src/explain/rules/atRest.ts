import type { Sample } from '../../model/sample';
import { aioAtRest } from '../aio';
import { eventLoops } from '../eventLoops';
import { polledSockets, restText } from '../polled';
import { isInFlight } from '../requestStates';
import { inFlight } from '../ringCounts';
import type { Rule } from '../rule';
import { counted, inPlural, joined } from '../words';

/** "Nothing is stuck: no request is pending." The answer when no other rule has one. */
export const atRest: Rule = {
  tag: 'at-rest',
  check(scene) {
    const { sample, blocked } = scene;
    const unseen = sample.tasks.filter((t) => t.state === 'D' && !blocked.some((b) => b.task.tid === t.tid));
    const running = sample.tasks.filter((task) => task.state === 'R').length;
    const blind = sample.rings.filter((ring) => inFlight(ring) === undefined).length;
    const pending = sample.requests.some(isInFlight);
    const texts = new Map<string, number>();
    for (const one of blocked) {
      if (one.task.kind !== 'thread') continue;
      const text = aioAtRest(sample, one.task) ?? restText(scene, one);
      texts.set(text, (texts.get(text) ?? 0) + 1);
    }
    const parts = [...texts].sort((a, b) => b[1] - a[1]).slice(0, 3);
    const doing = parts.map(
      ([text, count]) => `${counted(count, 'thread')} ${count === 1 ? text : inPlural(text)}`,
    );
    if (running > 0) doing.push(`${counted(running, 'thread')} ${running === 1 ? 'runs' : 'run'}`);
    const loops = eventLoops(scene);
    const polled = polledSockets(scene);
    // Where a loop is all there is, what it waits for is the answer.
    const [loop] = doing.length === 1 && loops.sentences.length === 1 ? loops.sentences : [];
    const told = loop === undefined ? doing : [loop.replace(/^T(.*)\.$/, 't$1')];
    const hidden = sample.notVisible.some((row) => row.what.startsWith('open files'));
    const dark =
      unseen.length === 0
        ? ''
        : `; ${counted(unseen.length, 'task')} in uninterruptible sleep could not be explained`;
    return [
      {
        tag: 'at-rest',
        severity: 'info',
        summary: hidden
          ? 'Whether something is stuck cannot be told: its files and rings may not be looked at.'
          : `${answer(sample, blind > 0 || pending, told)}${dark}.`,
        explanation: [
          doing.length > 0 ? `${joined(doing)}.` : 'No thread is blocked in anything that needs help.',
          ...loops.sentences,
          ...polled.sentences,
        ].join(' '),
        remedy: hidden ? 'Run it with the rights named under "not visible".' : 'Nothing needs to be done.',
        evidence: [...loops.evidence, ...polled.evidence],
      },
    ];
  },
};

/** Without io_uring the user looked for the wrong thing: what the threads do is the answer then. */
function answer(sample: Sample, open: boolean, doing: readonly string[]): string {
  if (sample.rings.length > 0) {
    return open ? 'Nothing is seen to be stuck' : 'Nothing is seen to be stuck: no request is pending';
  }
  return `No io_uring here; nothing is seen to be stuck${doing.length > 0 ? `: ${joined(doing)}` : ''}`;
}
