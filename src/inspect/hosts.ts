import { type Askers, Host, type OpenHost } from './host';
import { type HostId, hostKey } from './hostId';
import type { Clock } from './inspection';

/** The hosts that a window inspects processes on, in the order they were first used. */
export class Hosts {
  private readonly hosts = new Map<string, Host>();
  private readonly listeners = new Set<() => void>();
  private readonly held = new Map<string, number>();
  private readonly keptKeys = new Set<string>();
  private readonly returns = new Set<(host: Host) => void>();

  constructor(
    private readonly open: OpenHost,
    private readonly askers: Askers,
    private readonly clock: Clock,
    private readonly random: () => number = Math.random,
  ) {}

  get all(): readonly Host[] {
    return [...this.hosts.values()];
  }

  get(key: string): Host | undefined {
    return this.hosts.get(key);
  }

  /** The host, known from now on; nothing is opened before it is used. */
  of(id: HostId): Host {
    const key = hostKey(id);
    const known = this.hosts.get(key);
    if (known) return known;
    const host: Host = new Host(id, this.open, this.askers, this.clock, this.random, (back) => {
      if (this.hosts.get(key) !== host) return;
      if (back) for (const listener of [...this.returns]) listener(host);
      this.changed();
    });
    this.hosts.set(key, host);
    return host;
  }

  /** Those that stay connected until they are left, whatever is inspected there. */
  get kept(): readonly Host[] {
    return this.all.filter(({ key }) => this.keptKeys.has(key));
  }

  keep(key: string): void {
    if (!this.hosts.has(key) || this.keptKeys.has(key)) return;
    this.keptKeys.add(key);
    this.changed();
  }

  /** Milliseconds of the clock that the hosts' states are told in. */
  now(): number {
    return this.clock.now();
  }

  /** Calls back after every change; the returned function ends it. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Calls back when a host that was lost can be used again. */
  onBack(listener: (host: Host) => void): () => void {
    this.returns.add(listener);
    return () => this.returns.delete(listener);
  }

  /** Closes the host and forgets it. */
  leave(key: string): void {
    const host = this.hosts.get(key);
    if (!host) return;
    this.hosts.delete(key);
    this.keptKeys.delete(key);
    host.leave();
    this.changed();
  }

  /** Runs work that needs the host although nothing is inspected there yet. */
  async hold<T>(id: HostId, work: (host: Host) => Promise<T>): Promise<T> {
    const host = this.of(id);
    const { key } = host;
    this.held.set(key, (this.held.get(key) ?? 0) + 1);
    try {
      return await work(host);
    } finally {
      const others = (this.held.get(key) ?? 1) - 1;
      if (others > 0) this.held.set(key, others);
      else this.held.delete(key);
    }
  }

  /** Leaves all but the hosts of these keys, those that are held and those that are kept. */
  leaveOthers(keys: ReadonlySet<string>): void {
    for (const key of [...this.hosts.keys()])
      if (!keys.has(key) && !this.held.has(key) && !this.keptKeys.has(key)) this.leave(key);
  }

  dispose(): void {
    this.listeners.clear();
    this.returns.clear();
    this.held.clear();
    this.keptKeys.clear();
    this.leaveOthers(new Set());
  }

  private changed(): void {
    for (const listener of [...this.listeners]) listener();
  }
}
