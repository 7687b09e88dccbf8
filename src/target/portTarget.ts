import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { bytesOf, failureOf, type PackedFailure, packed, restored } from './portValues';
import type { Target, TargetRights } from './target';

/** One end of a way between two threads. */
export type Port = MessagePort;

/** What is known of a target without asking. Survives being sent to a thread. */
export interface TargetFacts {
  readonly label: string;
  readonly frozen: boolean;
  readonly rights: TargetRights;
  readonly arch: string;
  readonly self?: number;
  /** Which of its parts there are. */
  readonly kernel: boolean;
  readonly sockets: boolean;
  readonly binaries: boolean;
}

interface Asked {
  readonly id: number;
  /** `read`, `kernel.chase`. */
  readonly method: string;
  readonly args: readonly unknown[];
}

type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly failure: PackedFailure }
  | { readonly lost: string };

interface Pending {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

function factsOf(target: Target): TargetFacts {
  const { label, frozen, rights, arch, self } = target;
  return {
    label,
    frozen,
    rights,
    arch,
    ...(self === undefined ? {} : { self }),
    kernel: target.kernel !== undefined,
    sockets: target.sockets !== undefined,
    binaries: target.binaries !== undefined,
  };
}

/** A port through which another thread uses the target, and what it must know of it. */
export interface LentTarget {
  readonly facts: TargetFacts;
  readonly port: Port;
  /** Takes it back; the target itself stays open. */
  close(): void;
}

export function lendTarget(target: Target): LentTarget {
  const { port1, port2 } = new MessageChannel();
  return { facts: factsOf(target), port: port2, close: serveTarget(target, port1) };
}

/** Answers what a `portTarget` at the other end of the port asks, until either end is closed; the returned function closes it. */
export function serveTarget(target: Target, port: Port): () => void {
  let open = true;
  const say = (answer: Answer, bytes?: ArrayBuffer) => {
    if (open) port.postMessage(answer, bytes ? [bytes] : []);
  };
  const close = () => {
    open = false;
    port.close();
  };
  port.on('close', () => {
    open = false;
  });
  port.on('message', ({ id, method, args }: Asked) => {
    ask(target, method, args).then(
      (value) => {
        const { content, bytes } = packed(value);
        say({ id, value: content }, bytes);
      },
      (error: unknown) => say({ id, failure: failureOf(error) }),
    );
  });
  void target.lost?.then((lost) => {
    say({ lost });
    close();
  });
  return close;
}

/** Of all that a target does only what has no way of its own back. */
const METHODS: ReadonlySet<string> = new Set([
  'read',
  'list',
  'link',
  'inodes',
  'memory',
  'kernel.find',
  'kernel.read',
  'kernel.chase',
  'kernel.chains',
  'kernel.scan',
  'binaries.read',
  'binaries.identify',
]);

async function ask(target: Target, method: string, args: readonly unknown[]): Promise<unknown> {
  if (!METHODS.has(method)) throw new Error(`A target does not do ${method}.`);
  const [part = '', name] = method.split('.');
  const owner: unknown = name === undefined ? target : Reflect.get(target, part);
  if (typeof owner !== 'object' || owner === null) throw new Error(`The target has no ${part}.`);
  const work: unknown = Reflect.get(owner, name ?? part);
  if (typeof work !== 'function') throw new Error(`A target does not do ${method}.`);
  return Reflect.apply(work, owner, args);
}

/**
 * A target that lives in another thread, at the other end of the port. Bytes come in memory that is handed over, not copied
 * once more. When the port closes, everything under way is rejected.
 */
export function portTarget(facts: TargetFacts, port: Port): Target {
  const calls = new Calls(port);
  const call =
    (method: string) =>
    (...args: readonly unknown[]): Promise<never> =>
      calls.ask(method, args);
  const { kernel, binaries, sockets: _, ...known } = facts;
  return {
    ...known,
    read: call('read'),
    list: call('list'),
    link: call('link'),
    inodes: call('inodes'),
    memory: call('memory'),
    ...(kernel
      ? {
          kernel: {
            find: call('kernel.find'),
            read: call('kernel.read'),
            chase: call('kernel.chase'),
            chains: call('kernel.chains'),
            scan: call('kernel.scan'),
          },
        }
      : {}),
    ...(binaries ? { binaries: { read: call('binaries.read'), identify: call('binaries.identify') } } : {}),
    lost: calls.lost,
    dispose: () => port.close(),
  };
}

class Calls {
  readonly lost: Promise<string>;
  private readonly pending = new Map<number, Pending>();
  private next = 1;
  private gone: string | undefined;
  private lose: (why: string) => void = () => undefined;

  constructor(private readonly port: Port) {
    this.lost = new Promise((resolve) => {
      this.lose = resolve;
    });
    port.on('message', (answer: Answer) => this.receive(answer));
    port.on('close', () => this.end('It was closed.'));
  }

  ask(method: string, args: readonly unknown[]): Promise<never> {
    return new Promise((resolve, reject) => {
      if (this.gone !== undefined) {
        reject(new Error(this.gone));
        return;
      }
      const id = this.next++;
      this.pending.set(id, { resolve, reject });
      this.port.postMessage({ id, method, args } satisfies Asked);
    });
  }

  private receive(answer: Answer): void {
    if ('lost' in answer) {
      this.end(answer.lost);
      return;
    }
    const pending = this.pending.get(answer.id);
    this.pending.delete(answer.id);
    if ('failure' in answer) pending?.reject(restored(answer.failure));
    else pending?.resolve(bytesOf(answer.value) as never);
  }

  private end(why: string): void {
    if (this.gone !== undefined) return;
    this.gone = why;
    for (const { reject } of this.pending.values()) reject(new Error(why));
    this.pending.clear();
    this.lose(why);
  }
}
