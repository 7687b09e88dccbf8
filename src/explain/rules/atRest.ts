import type { Rule } from '../rule';
import { counted, inPlural, joined } from '../words';

/** "Nothing is stuck: no request is pending." The answer when no other rule has one. */
export const atRest: Rule = {
  tag: 'at-rest',
  check({ sample, blocked }) {
    const unseen = sample.tasks.filter((t) => t.state === 'D' && !blocked.some((b) => b.task.tid === t.tid));
    const running = sample.tasks.filter((task) => task.state === 'R').length;
    const blind = sample.rings.filter((ring) => ring.inFlight === undefined).length;
    const texts = new Map<string, number>();
    for (const { task, on } of blocked) {
      if (task.kind === 'thread') texts.set(on.text, (texts.get(on.text) ?? 0) + 1);
    }
    const parts = [...texts].sort((a, b) => b[1] - a[1]).slice(0, 3);
    const doing = parts.map(
      ([text, count]) => `${counted(count, 'thread')} ${count === 1 ? text : inPlural(text)}`,
    );
    if (running > 0) doing.push(`${counted(running, 'thread')} ${running === 1 ? 'runs' : 'run'}`);
    const rings = blind > 0 || sample.rings.length === 0 ? '' : 'no request is pending';
    const none = sample.rings.length === 0 ? 'No io_uring here: ' : '';
    const state = [rings, joined(doing)].filter(Boolean).join('; ');
    const hidden = sample.notVisible.some((row) => row.what.startsWith('open files'));
    return [
      {
        tag: 'at-rest',
        severity: 'info',
        summary: hidden
          ? 'Whether something is stuck cannot be told: its files and rings may not be looked at.'
          : `${none}${none === '' ? 'N' : 'n'}othing is seen to be stuck${state === '' ? '' : `: ${state}`}${unseen.length > 0 ? `; ${counted(unseen.length, 'task')} in uninterruptible sleep could not be explained` : ''}.`,
        explanation:
          doing.length > 0 ? `${joined(doing)}.` : 'No thread is blocked in anything that needs help.',
        remedy: hidden ? 'Run it with the rights named under "not visible".' : 'Nothing needs to be done.',
        evidence: [],
      },
    ];
  },
};
