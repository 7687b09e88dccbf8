import type { ListOptions } from './target';

interface Slot<A> {
  readonly answers: Promise<readonly A[]>;
  readonly index: number;
}

/** Answers about paths that were asked for before they are wanted, each to be given out once, in the order they were asked. */
export class ForeseenPaths<A> {
  /** By the options they were asked with, and the path. */
  private readonly slots = new Map<string, Map<string, Slot<A>[]>>();
  /** Paths that had to be asked for when they were wanted. */
  live = 0;

  constructor(
    private readonly ask: (
      paths: readonly string[],
      options: ListOptions | undefined,
    ) => Promise<readonly A[]>,
  ) {}

  foresee(paths: readonly string[], options: ListOptions | undefined): void {
    if (paths.length === 0) return;
    const answers = this.ask(paths, options);
    answers.catch(() => undefined);
    const key = JSON.stringify(options) ?? '';
    const known = this.slots.get(key) ?? new Map<string, Slot<A>[]>();
    this.slots.set(key, known);
    for (const [index, path] of paths.entries()) {
      const slots = known.get(path);
      if (slots) slots.push({ answers, index });
      else known.set(path, [{ answers, index }]);
    }
  }

  async take(paths: readonly string[], options: ListOptions | undefined): Promise<A[]> {
    const known = this.slots.size > 0 ? this.slots.get(JSON.stringify(options) ?? '') : undefined;
    const missing: string[] = [];
    const slots = paths.map((path) => {
      const slot = known?.get(path)?.shift();
      if (!slot) missing.push(path);
      return slot;
    });
    this.live += missing.length;
    const live = missing.length > 0 ? this.ask(missing, options) : Promise.resolve([]);
    if (missing.length === paths.length) return [...(await live)];
    let next = 0;
    const runs: { readonly answers: Promise<readonly A[]>; readonly from: number; to: number }[] = [];
    for (const slot of slots) {
      const { answers, index } = slot ?? { answers: live, index: next++ };
      const last = runs.at(-1);
      if (last?.answers === answers && last.to === index) last.to++;
      else runs.push({ answers, from: index, to: index + 1 });
    }
    const given = await Promise.all(runs.map(({ answers }) => answers));
    return runs.flatMap(({ from, to }, run) => given[run]?.slice(from, to) ?? []);
  }
}

/** The same of questions that are asked as a whole. */
export class ForeseenCalls<A> {
  private readonly answers = new Map<string, Promise<A>[]>();

  foresee(key: string, ask: () => Promise<A>): void {
    const answer = ask();
    answer.catch(() => undefined);
    const known = this.answers.get(key);
    if (known) known.push(answer);
    else this.answers.set(key, [answer]);
  }

  take(key: string): Promise<A> | undefined {
    return this.answers.get(key)?.shift();
  }

  /** True where something was left. */
  forget(): boolean {
    let left = false;
    for (const answers of this.answers.values()) left ||= answers.length > 0;
    this.answers.clear();
    return left;
  }
}
