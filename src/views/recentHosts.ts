import type * as vscode from 'vscode';
import { type HostId, hostFrom, hostKey } from '../inspect/hostId';

const KEY = 'recentHosts';
const MOST = 10;

/** The hosts that were used last, newest first; names alone, nothing secret. */
export class RecentHosts {
  constructor(private readonly memory: Pick<vscode.Memento, 'get' | 'update'>) {}

  get all(): readonly HostId[] {
    const stored = this.memory.get<unknown>(KEY);
    return Array.isArray(stored) ? stored.flatMap((value) => hostFrom(value) ?? []) : [];
  }

  async add(id: HostId): Promise<void> {
    if (id.kind === 'local') return;
    const others = this.all.filter((other) => hostKey(other) !== hostKey(id));
    await this.memory.update(KEY, [id, ...others].slice(0, MOST));
  }
}
