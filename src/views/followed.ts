import * as vscode from 'vscode';
import { type HostId, hostKey, LOCAL } from '../inspect/hostId';
import type { Hosts } from '../inspect/hosts';
import type { Inspections } from '../inspect/inspections';
import { UserError } from '../model/errors';
import { t } from '../model/l10n';
import { printable } from '../model/printable';
import { showInCallStack } from './followedFrames';
import { FollowedProcess } from './followedProcess';
import { type CallStackThread, followedRows, subtitle } from './followedRows';
import { FollowedSessions } from './followedSessions';
import { COMMANDS, CONTEXTS, DEBUGGEE_VIEW } from './ids';
import { attempt, cancellable } from './messages';
import type { Node } from './node';
import { followSchedule } from './schedule';
import { followsDebuggee, onSettingsChange } from './settings';
import { InspectionTree } from './tree';

/** The view in Run and Debug: the process of the focused debug session, whatever debugs it. Ends with the session. */
export class Followed implements vscode.Disposable {
  private readonly sessions = new FollowedSessions();
  private readonly process: FollowedProcess;
  readonly tree: InspectionTree;
  private readonly disposables: vscode.Disposable[];
  private following = false;

  constructor(
    debuggees: Inspections,
    private readonly hosts: Hosts,
  ) {
    this.process = new FollowedProcess(debuggees, {
      isConnected: (host) => hosts.get(hostKey(host))?.state.kind === 'connected',
      owner: (host, tids) =>
        hosts.of(host).use(async (target) => {
          const { tracedOwner } = await import('../inspect/threadOwner');
          return tracedOwner(target, tids);
        }),
      later: (work, milliseconds) => void setTimeout(work, milliseconds),
      changed: () => this.update(),
    });
    this.tree = new InspectionTree(debuggees, hosts, {
      view: DEBUGGEE_VIEW,
      dress: (roots) => this.dress(roots),
      withoutHosts: true,
    });
    this.disposables = [
      this.sessions,
      this.tree,
      followSchedule(debuggees, this.tree),
      this.sessions.onChange(() => this.update()),
      this.tree.onVisible(() => this.update()),
      onSettingsChange(() => this.update()),
      this.followThere(),
      this.showInCallStack(),
    ];
    this.update();
  }

  dispose(): void {
    for (const disposable of this.disposables) disposable.dispose();
  }

  /** The process of a session; undefined where that is not known. Throws a UserError where it runs on a host that nobody is connected to. */
  debuggeeOf({ id }: vscode.DebugSession): { readonly pid: number; readonly host: HostId } | undefined {
    const { pid, place } = this.sessions.debuggee(id) ?? {};
    if (pid === undefined) return undefined;
    const { elsewhere } = place ?? {};
    if (!elsewhere) return { pid, host: LOCAL };
    const { name, way } = elsewhere;
    if (way && this.hosts.get(hostKey(way))?.state.kind === 'connected') return { pid, host: way };
    throw new UserError(
      'debug-unknown',
      t('The process runs on another host.'),
      t('Its session leads to {0}, where you are not connected.', printable(name, 100)),
      t('Follow it there from the view Pending I/O, or inspect it with Inspect io_uring on a Host….'),
    );
  }

  private update(): void {
    const followed = followsDebuggee() ? this.sessions.followed : undefined;
    this.process.follow(followed, this.tree.visible);
    this.tell(CONTEXTS.following, followed !== undefined);
    const name = followed && this.sessions.session(followed.id)?.name;
    this.tree.subtitle = followed ? subtitle(name ?? '', followed.debuggee) : '';
    this.tree.dressAnew();
  }

  private tell(context: string, value: boolean): void {
    if (value === this.following) return;
    this.following = value;
    void vscode.commands.executeCommand('setContext', context, value);
  }

  private dress(roots: readonly Node[]): readonly Node[] {
    const { dressing } = this.process;
    return dressing ? followedRows(roots, dressing) : roots;
  }

  /** The way comes from a debug configuration, and so from the workspace: it is gone when the user has read it and said yes. */
  private followThere(): vscode.Disposable {
    return vscode.commands.registerCommand(COMMANDS.followThere, () =>
      attempt(t('The process could not be followed there.'), async () => {
        const way = this.process.offered;
        if (!way) return;
        const words =
          way.kind === 'command' ? way.command.join(' ') : way.kind === 'ssh' ? `ssh ${way.alias}` : '';
        const yes = t('Connect');
        const detail = t('The inspector goes there as the debug configuration says: {0}', words);
        const asked = { modal: true, detail };
        if ((await vscode.window.showInformationMessage(t('Look at the process there?'), asked, yes)) !== yes)
          return;
        const host = this.hosts.of(way);
        await cancellable(t('Connecting to {0}…', host.name), (signal) => host.reach(signal));
        this.process.allow(way);
      }),
    );
  }

  private showInCallStack(): vscode.Disposable {
    return vscode.commands.registerCommand(COMMANDS.showInCallStack, (from?: unknown) =>
      attempt(t('The thread could not be shown.'), async () => {
        const { session: id, thread } = (from ?? {}) as Partial<CallStackThread>;
        const session = typeof id === 'string' ? this.sessions.session(id) : undefined;
        if (session && typeof thread === 'number') await showInCallStack(session, thread);
      }),
    );
  }
}
