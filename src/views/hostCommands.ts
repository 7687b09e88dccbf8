import * as vscode from 'vscode';
import type { Host } from '../inspect/host';
import { hostKey, isHere } from '../inspect/hostId';
import type { Hosts } from '../inspect/hosts';
import type { Inspections } from '../inspect/inspections';
import { UserError } from '../model/errors';
import { t } from '../model/l10n';
import { withoutIcons } from './escape';
import { COMMANDS } from './ids';
import type { InspectOn } from './inspectCommands';
import { attempt, cancellable } from './messages';
import type { Secrets } from './secrets';
import type { Subjects } from './subject';
import type { InspectionTree } from './tree';
import { count } from './words';

/** The commands about the hosts of the window, and about the rights there. */
export function hostCommands(
  hosts: Hosts,
  inspections: Inspections,
  tree: InspectionTree,
  subjects: Subjects,
  secrets: Secrets,
  inspectOn: InspectOn,
): vscode.Disposable[] {
  const hostOfProcess = (key: string | undefined): string | undefined => {
    const host = key === undefined ? undefined : inspections.get(key)?.host;
    return host && hostKey(host);
  };
  /** The host of a row, else of the selected one, else the only one, else the user is asked. */
  const hostOf = async (from: unknown, fits: (host: Host) => boolean): Promise<Host | undefined> => {
    const all = hosts.all.filter(fits);
    const pointed = keyOf(from) ?? keyOf(tree.selected) ?? hostOfProcess(tree.selected?.inspection);
    const found = all.find(({ key }) => key === pointed);
    if (found || keyOf(from) !== undefined) return found;
    return all.length > 1 ? ask(all) : all[0];
  };

  return [
    vscode.commands.registerCommand(COMMANDS.tryAgain, (from?: unknown) =>
      attempt(t('The host could not be reached.'), async () => {
        const host = await hostOf(from, ({ state }) => state.kind === 'lost' || state.kind === 'failed');
        if (!host) return;
        tree.dontWait();
        await cancellable(t('Connecting to {0}…', host.name), (signal) => host.reach(signal));
      }),
    ),
    vscode.commands.registerCommand(COMMANDS.disconnect, (from?: unknown) =>
      attempt(t('The host could not be left.'), async () => {
        // This machine is only meant where its row was pointed at.
        const host = await hostOf(from, ({ id }) => keyOf(from) !== undefined || !isHere(id));
        if (!host) return;
        inspections.removeHost(host.id);
        hosts.leave(host.key);
      }),
    ),
    vscode.commands.registerCommand(COMMANDS.inspectWithSudo, (from?: unknown) =>
      attempt(t('The process could not be inspected.'), async () => {
        const inspected = await subjects.of(from, ['live', 'paused']);
        if (!inspected?.host) return;
        if (inspected.host.sudo) throw asRoot();
        const { key, pid, host } = inspected;
        if (!(await inspectOn({ ...host, sudo: true }, pid))) return;
        inspections.remove(key);
        if (!inspections.all.some((one) => hostOfProcess(one.key) === hostKey(host)))
          hosts.leave(hostKey(host));
      }),
    ),
    vscode.commands.registerCommand(COMMANDS.forgetSecrets, () =>
      attempt(t('The secrets could not be forgotten.'), async () => {
        const forgotten = await secrets.forgetAll();
        const words =
          forgotten === 0 ? t('No secret was stored.') : t('{0} forgotten.', count(forgotten, 'secret'));
        void vscode.window.showInformationMessage(words);
      }),
    ),
  ];
}

/**
 * Keeps open what is inspected on, and for the next inspection what was: until it is disconnected, its row stands in the tree. This
 * machine needs no such row. What is followed of a debug session keeps its host open as long as it is.
 */
export function leaveIdleHosts(hosts: Hosts, inspections: Inspections, debuggees: Inspections): void {
  const hostsOf = ({ all }: Inspections) => all.flatMap(({ host }) => (host ? [host] : []));
  const inspected = hostsOf(inspections);
  for (const host of inspected) if (!isHere(host)) hosts.keep(hostKey(host));
  hosts.leaveOthers(new Set([...inspected, ...hostsOf(debuggees)].map(hostKey)));
}

function keyOf(from: unknown): string | undefined {
  if (typeof from !== 'object' || from === null) return undefined;
  const { host } = from as { readonly host?: unknown };
  return typeof host === 'string' ? host : undefined;
}

async function ask(all: readonly Host[]): Promise<Host | undefined> {
  const items = all.map((host) => ({ label: withoutIcons(host.name), host }));
  return (await vscode.window.showQuickPick(items, { placeHolder: t('Which host?') }))?.host;
}

function asRoot(): UserError {
  return new UserError(
    'usage',
    t('This process is inspected with the rights of root already.'),
    t('There are no more rights than these.'),
    t('What is still not visible says what would show it.'),
  );
}
