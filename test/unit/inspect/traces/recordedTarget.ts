import type { KernelMemory } from '../../../../src/target/kernelMemory';
import type { Target } from '../../../../src/target/target';
import type { Tracing } from '../../../../src/target/tracing';

/** What a target was asked, with its arguments, and what it answered each time, in order. */
export interface Recording {
  readonly arch: string;
  readonly self?: number;
  readonly pid: number;
  /** The layout of its kernel, as LayoutCache keeps it. */
  layout: string;
  readonly answers: Record<string, unknown[]>;
}

/** What is asked of a target while it is traced; the memory of processes is not. */
const QUESTIONS = ['read', 'list', 'link', 'inodes'] as const;
const OF_KERNEL = ['find', 'read', 'chase', 'chains', 'scan'] as const;
const OF_TRACING = ['start', 'drain', 'follow', 'stop'] as const;

type Ask = (key: string, args: readonly unknown[], really: () => Promise<unknown>) => Promise<unknown>;

/** Of what drains is asked tells nothing: how far this side has come decides it. */
const keyOf = (name: string, args: readonly unknown[]) =>
  name === 'tracing.drain' ? name : `${name} ${toText(args)}`;

/** An object whose methods of these names are asked through `ask`. */
function asking(prefix: string, names: readonly string[], real: object | undefined, ask: Ask) {
  const method = (name: string) => (real as Record<string, (...args: unknown[]) => Promise<unknown>>)?.[name];
  return Object.fromEntries(
    names.map((name) => [
      name,
      (...args: unknown[]) =>
        ask(keyOf(`${prefix}${name}`, args), args, () => Promise.resolve(method(name)?.apply(real, args))),
    ]),
  );
}

function through(ask: Ask, real?: Target) {
  return {
    ...asking('', QUESTIONS, real, ask),
    kernel: asking('kernel.', OF_KERNEL, real?.kernel, ask) as unknown as KernelMemory,
    tracing: asking('tracing.', OF_TRACING, real?.tracing, ask) as unknown as Tracing,
  };
}

/** The same target, whose answers are noted in `recording`. */
export function recorded(target: Target, recording: Recording): Target {
  const notes = through(async (key, _, really) => {
    const answer = await really();
    recording.answers[key] = [...(recording.answers[key] ?? []), answer];
    return answer;
  }, target);
  return Object.create(
    target,
    Object.fromEntries(Object.entries(notes).map(([name, value]) => [name, { value }])),
  );
}

/** The first answer about a file that was read among others. */
function alone({ answers }: Recording, path: string): unknown {
  for (const [key, [first]] of Object.entries(answers)) {
    const place = key.startsWith('read ') ? (JSON.parse(key.slice(5))[0] as string[]).indexOf(path) : -1;
    if (place >= 0) return (first as unknown[])[place];
  }
  return { ok: false, errno: 'ENOENT' };
}

/** What was asked beyond a recording: a drain has nothing, and of others the last answer stands. */
export function replayed(recording: Recording, parts: Partial<Target> = {}) {
  const asked: { readonly key: string; readonly args: readonly unknown[] }[] = [];
  let began = 0n;
  const target = {
    label: 'a recorded host',
    frozen: false,
    rights: { uid: 0, capabilities: (1n << 41n) - 1n },
    arch: recording.arch,
    ...(recording.self === undefined ? {} : { self: recording.self }),
    processor: 0,
    memory: async () => [],
    dispose: () => undefined,
    ...through(async (key, args) => {
      asked.push({ key, args });
      const answers = recording.answers[key];
      if (key === 'tracing.drain') {
        const drained = answers?.shift() as { began: bigint } | undefined;
        began = drained?.began ?? began + 1_000_000n;
        return drained ?? { began, pages: [], stacks: [], more: false };
      }
      // At which descriptors a trace looks depends on when rings of the program were seen.
      if (answers === undefined && /^read \[\[(?:"\/proc\/\d+\/fdinfo\/\d+",?)+\]/.test(key))
        return (args[0] as string[]).map((path) => alone(recording, path));
      if (answers === undefined) throw new Error(`not recorded: ${key.slice(0, 200)}`);
      return answers.length > 1 ? answers.shift() : answers[0];
    }),
    ...parts,
  } as unknown as Target;
  return { target, asked, left: () => recording.answers['tracing.drain']?.length ?? 0 };
}

/** JSON with bytes, bigints and maps in it. */
export function toText(value: unknown): string {
  return JSON.stringify(value, function (this: Record<string, unknown>, key, shown: unknown) {
    const held = this[key];
    if (Buffer.isBuffer(held)) return { $bytes: held.toString('base64') };
    if (held instanceof Map) return { $map: [...held] };
    return typeof held === 'bigint' ? { $integer: String(held) } : shown;
  });
}

export function fromText(text: string): unknown {
  return JSON.parse(text, (_, value: unknown) => {
    if (typeof value !== 'object' || value === null) return value;
    if ('$bytes' in value) return Buffer.from(String(value.$bytes), 'base64');
    if ('$map' in value) return new Map(value.$map as [unknown, unknown][]);
    return '$integer' in value ? BigInt(String(value.$integer)) : value;
  });
}
