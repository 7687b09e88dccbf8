import type { Sample } from '../model/sample';
import { type Port, portTarget } from '../target/portTarget';
import { failureOf } from '../target/portValues';
import type { BinariesOptions } from './binaries';
import type { LinkAnswer, LinkQuestion } from './linkMessages';
import { SampleLinker } from './linkSample';
import { patchBetween } from './samplePatch';

/** Processes whose latest Sample is kept: threads that have not run since are not read again. */
const MOST_KEPT = 8;

/** Links the Samples that come through the port. What is asked for one process must come one after the other. */
export function serveLinks(port: Pick<Port, 'on' | 'postMessage'>, options: BinariesOptions): void {
  const linkers = new Map<number, SampleLinker>();
  const latest = new Map<string, Sample>();

  async function link(question: LinkQuestion & { readonly kind: 'link' }): Promise<LinkAnswer> {
    const { id, target, sample, layout } = question;
    const linker = linkers.get(target);
    if (!linker) throw new Error('The target is gone.');
    const { pid, startTime = 0 } = sample.process;
    const key = `${target} ${pid} ${startTime}`;
    const linked = await linker.link(sample, { previous: latest.get(key), layout });
    latest.delete(key);
    latest.set(key, linked);
    const [oldest] = latest.keys();
    if (latest.size > MOST_KEPT && oldest !== undefined) latest.delete(oldest);
    return { id, patch: patchBetween(sample, linked) };
  }

  port.on('message', (question: LinkQuestion) => {
    if (question.kind === 'target') {
      const target = portTarget(question.facts, question.port);
      const linker = new SampleLinker(target, options);
      linkers.set(question.target, linker);
      void target.lost?.then(() => {
        linkers.delete(question.target);
        linker.close();
      });
      return;
    }
    link(question).then(
      (answer) => port.postMessage(answer),
      (error: unknown) => port.postMessage({ id: question.id, failure: failureOf(error) }),
    );
  });
}
