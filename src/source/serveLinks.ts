import type { Sample } from '../model/sample';
import { type Port, portTarget } from '../target/portTarget';
import { bytesOf, failureOf } from '../target/portValues';
import type { Target } from '../target/target';
import type { BinariesOptions } from './binaries';
import { KernelSymbols } from './kernelSymbols';
import type { LinkAnswer, LinkQuestion } from './linkMessages';
import { SampleLinker } from './linkSample';
import { patchBetween } from './samplePatch';
import type { StackDump } from './unwind/threads';

/** Processes whose latest Sample is kept: threads that have not run since are not read again. */
const MOST_KEPT = 8;

/** Processes after which what was learned of a host's binaries is forgotten. */
const MOST_LEARNED = 50;

interface Linked {
  readonly target: Target;
  linker: SampleLinker;
  readonly processes: Set<string>;
  readonly kernel: KernelSymbols;
}

type Answered = Exclude<LinkQuestion, { readonly kind: 'target' | 'give up' }>;

/** Links the Samples that come through the port, and tells lines of kernel frames. What is asked for one process must come one after the other. */
export function serveLinks(port: Pick<Port, 'on' | 'postMessage'>, options: BinariesOptions): void {
  // An answer without waits for nobody's server.
  const linkerOptions = { ...options, waits: false };
  const hosts = new Map<number, Linked>();
  const latest = new Map<string, Sample>();
  const underWay = new Map<number, AbortController>();

  async function answer(question: Answered, signal: AbortSignal): Promise<LinkAnswer> {
    const host = hosts.get(question.target);
    if (!host) throw new Error('The target is gone.');
    if (question.kind === 'link') return link(host, question, signal);
    if (question.kind === 'name dumps') return nameDumps(host, question);
    const { id, frame, release } = question;
    return { id, location: await host.kernel.locate(frame, release) };
  }

  async function nameDumps(
    host: Linked,
    { id, process, dumps }: Answered & { readonly kind: 'name dumps' },
  ): Promise<LinkAnswer> {
    const stacks = await host.linker.nameDumps({ process }, bytesOf(dumps) as StackDump[]);
    return { id, named: stacks.map(({ unwound: _, ...stack }) => stack) };
  }

  async function link(
    host: Linked,
    { id, target, sample, layout }: Answered & { readonly kind: 'link' },
    signal: AbortSignal,
  ): Promise<LinkAnswer> {
    const { pid, startTime = 0 } = sample.process;
    const key = `${target} ${pid} ${startTime}`;
    host.processes.add(key);
    if (host.processes.size > MOST_LEARNED) {
      // Others may still be at work with the old one, which goes with them.
      host.linker = new SampleLinker(host.target, linkerOptions);
      host.processes.clear();
    }
    const late = (linked: Sample) => {
      latest.set(key, linked);
      port.postMessage({ id, late: patchBetween(sample, linked) });
    };
    const linked = await host.linker.link(sample, { previous: latest.get(key), layout, signal, late });
    latest.delete(key);
    latest.set(key, linked);
    const [oldest] = latest.keys();
    if (latest.size > MOST_KEPT && oldest !== undefined) latest.delete(oldest);
    return { id, patch: patchBetween(sample, linked) };
  }

  port.on('message', (question: LinkQuestion) => {
    if (question.kind === 'target') {
      const target = portTarget(question.facts, question.port);
      hosts.set(question.target, {
        target,
        linker: new SampleLinker(target, linkerOptions),
        processes: new Set(),
        kernel: new KernelSymbols(target, options.unpack),
      });
      void target.lost?.then(() => {
        hosts.get(question.target)?.linker.close();
        hosts.get(question.target)?.kernel.close();
        hosts.delete(question.target);
      });
      return;
    }
    const { id } = question;
    if (question.kind === 'give up') {
      underWay.get(id)?.abort();
      return;
    }
    const giveUp = new AbortController();
    underWay.set(id, giveUp);
    answer(question, giveUp.signal)
      .then(
        (found) => port.postMessage(found),
        (error: unknown) => port.postMessage({ id, failure: failureOf(error) }),
      )
      .finally(() => underWay.delete(id));
  });
}
