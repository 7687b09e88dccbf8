/** Numbers that stand for things on the wire, from 1; forgotten by the generation, never used twice. */
export class References<T extends object> {
  private next = 1;
  private known = new Map<number, T>();
  /** Those of the generation before: a client may still be asking. */
  private older = new Map<number, T>();
  private numbers = new WeakMap<T, number>();

  /** The same number for the same thing. */
  of(thing: T): number {
    const before = this.numbers.get(thing);
    if (before !== undefined && this.known.has(before)) return before;
    const number = this.next++;
    this.known.set(number, thing);
    this.numbers.set(thing, number);
    return number;
  }

  get(number: unknown): T | undefined {
    if (typeof number !== 'number') return undefined;
    return this.known.get(number) ?? this.older.get(number);
  }

  /** Begins a generation: what is older than the last one is forgotten. */
  renew(): void {
    this.older = this.known;
    this.known = new Map();
  }
}
