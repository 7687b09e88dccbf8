import * as vscode from 'vscode';
import type { DebugServices } from '../debug/services';
import type { HostId } from '../inspect/hostId';
import { t } from '../model/l10n';
import type { Sample } from '../model/sample';
import { callStackCommands } from './callStackCommands';
import { configurations, dynamicConfigurations, hostOf } from './debugConfigurations';
import { DebugSessions } from './debugSessions';
import { COMMANDS, CONTEXTS, DEBUG_TYPE } from './ids';
import type { InspectOn } from './inspectCommands';
import type { KernelSource } from './kernelSource';
import { attempt } from './messages';
import type { InspectionTree } from './tree';

/** What debugging needs of the window. */
export interface Debugging {
  readonly tree: InspectionTree;
  readonly kernelSource: KernelSource;
  readonly inspectOn: InspectOn;
  /** What one session works with, on the window's hosts; loaded with the first. */
  services(): Promise<SessionServices>;
  /** Lets the user pick a process of a host; undefined = dismissed. Rejects where its processes cannot be listed. */
  pick(host: HostId): Promise<number | undefined>;
  /** Key of the inspection of a process in the tree. */
  inspected(host: HostId, pid: number): string | undefined;
  /** The process that another debugger's session is about; undefined where that is not known. */
  debuggee?(session: vscode.DebugSession): Debuggee | undefined;
}

export interface Debuggee {
  readonly pid: number;
  readonly host: HostId;
}

export interface SessionServices extends DebugServices {
  /** The newest Sample of what the session shows. */
  readonly sample: Sample | undefined;
}

/** The debug type `io_uring`, and the commands about debug sessions of any type. */
export function debugging(needs: Debugging): vscode.Disposable[] {
  const sessions = new DebugSessions();
  const ours = new Map<string, SessionServices>();
  const begin = async ({ id }: vscode.DebugSession): Promise<vscode.DebugAdapterDescriptor> => {
    const [{ InspectorSession }, services] = await Promise.all([
      import('../debug/session'),
      needs.services(),
    ]);
    ours.set(id, services);
    tellContext(ours);
    return new vscode.DebugAdapterInlineImplementation(new InspectorSession(services));
  };
  return [
    sessions,
    vscode.debug.onDidStartDebugSession(({ type }) => {
      if (type === DEBUG_TYPE) showRunAndDebug();
    }),
    vscode.debug.onDidTerminateDebugSession(({ id }) => {
      if (ours.delete(id)) tellContext(ours);
    }),
    vscode.debug.registerDebugAdapterDescriptorFactory(DEBUG_TYPE, { createDebugAdapterDescriptor: begin }),
    vscode.debug.registerDebugConfigurationProvider(DEBUG_TYPE, configurations),
    vscode.debug.registerDebugConfigurationProvider(
      DEBUG_TYPE,
      dynamicConfigurations,
      vscode.DebugConfigurationProviderTriggerKind.Dynamic,
    ),
    // What ${command:pickProcess} of a configuration stands for: a text; undefined ends the start without a word.
    vscode.commands.registerCommand(COMMANDS.pickProcess, async (configuration?: unknown) => {
      let pid: number | undefined;
      await attempt(t('The processes could not be listed.'), async () => {
        pid = await needs.pick(await hostOf(configuration));
      });
      return pid === undefined ? undefined : String(pid);
    }),
    ...callStackCommands(needs, sessions, (session) => ours.get(session.id)?.sample),
  ];
}

/** A menu of the Call Stack knows the type of the focused session, not of the one it is opened on. */
function tellContext(ours: ReadonlyMap<string, unknown>): void {
  void vscode.commands.executeCommand('setContext', CONTEXTS.debugging, ours.size > 0);
}

/** The editor itself brings it forward at breakpoints alone, and our picture stands from the beginning. */
function showRunAndDebug(): void {
  const wanted = vscode.workspace.getConfiguration('debug').get<unknown>('openDebug');
  if (wanted !== 'neverOpen') void vscode.commands.executeCommand('workbench.view.debug');
}
