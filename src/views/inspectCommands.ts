import * as vscode from 'vscode';
import { type HostId, hostFrom, isHere, LOCAL } from '../inspect/hostId';
import type { Hosts } from '../inspect/hosts';
import { type Inspections, processKey } from '../inspect/inspections';
import { problemOf } from '../inspect/problem';
import { bySystemSsh } from '../inspect/systemSsh';
import { UserError } from '../model/errors';
import { t } from '../model/l10n';
import { debugProcess } from './debugConfigurations';
import { pickHost } from './hostPicker';
import type { KnownHosts } from './hostRows';
import { COMMANDS } from './ids';
import { attempt, cancellable, showProblem } from './messages';
import { parsePid } from './pid';
import { type ListProcesses, pickProcess } from './processPicker';
import type { InspectionTree } from './tree';

/** Inspects a process of a host; false = it could not be, and the user was told why. */
export type InspectOn = (host: HostId, pid: number) => Promise<boolean>;

/** What the commands that begin an inspection need. */
export interface Beginning {
  readonly hosts: Hosts;
  readonly inspections: Inspections;
  readonly tree: InspectionTree;
  list(host: HostId): ListProcesses;
  knownHosts(): Promise<KnownHosts>;
  /** Called when a host that is not this machine was reached. */
  reached(host: HostId): Promise<void>;
  /** Called when a command has done its work or was dismissed. */
  ended(): void;
}

const SYSTEM_SSH = t('Use the System’s ssh');

/** Does the work on the host; where only OpenSSH's own client gets there, the user may have it done through that one. */
async function orBySystemSsh<T>(id: HostId, work: (id: HostId) => Promise<T>): Promise<T | undefined> {
  try {
    return await work(id);
  } catch (error) {
    if (id.kind !== 'ssh' || !(error instanceof UserError) || error.code !== 'needs-ssh') throw error;
    return (await showProblem(problemOf(error, ''), SYSTEM_SSH)) ? work(bySystemSsh(id)) : undefined;
  }
}

/** The way of a command to an inspection: reach the host, look, show. */
export function beginner({ hosts, inspections, tree, reached, ended }: Beginning): InspectOn {
  const inspect = (id: HostId, pid: number) =>
    hosts.hold(id, async (host) => {
      const title = t('Looking at process {0}{1}…', pid, isHere(id) ? '' : t(' on {0}', host.name));
      const inspected = await cancellable(title, async (signal) => {
        await host.reach(signal);
        await reached(id);
        // Its row is there at once. Revealed after the look it would take the keyboard from what the user has opened meanwhile.
        const [looked] = await Promise.all([
          inspections.follow(pid, { host: id, signal }),
          tree.reveal(processKey(id, pid)),
        ]);
        return looked;
      });
      if (!inspected) return false;
      const { sample, problem } = inspected.snapshot;
      if (problem && !sample) {
        inspections.remove(inspected.key);
        await showProblem(problem);
        return false;
      }
      await tree.select(inspected.key);
      return true;
    });
  return async (id, pid) => {
    try {
      return (await orBySystemSsh(id, (way) => inspect(way, pid))) === true;
    } finally {
      ended();
    }
  };
}

/** Lets the user pick a process of a host, which is reached for it; undefined = dismissed. `debug` as pickProcess has it. */
export function pickOn({ hosts, list, reached }: Beginning, all = false, debug?: typeof debugProcess) {
  return (id: HostId): Promise<number | undefined> =>
    hosts.hold(id, async (host) => {
      if (!isHere(id)) {
        await cancellable(t('Connecting to {0}…', host.name), (signal) => host.reach(signal));
        await reached(id);
      }
      const other = debug && ((pid: number) => void debug(id, pid));
      return pickProcess(list(id), all, isHere(id) ? undefined : host.name, other);
    });
}

/** The commands that begin an inspection. */
export function inspectCommands(beginning: Beginning, inspectOn: InspectOn): vscode.Disposable[] {
  const { hosts, knownHosts, ended } = beginning;

  const pickAndInspect = (id: HostId, all: boolean) =>
    hosts.hold(id, async () => {
      const pid = await pickOn(beginning, all, debugProcess)(id);
      if (pid !== undefined) await inspectOn(id, pid);
    });

  const picking = (all: boolean, which: () => HostId | undefined | Promise<HostId | undefined>) =>
    attempt(t('The processes could not be listed.'), async () => {
      const id = await which();
      if (id) await orBySystemSsh(id, (way) => pickAndInspect(way, all));
    }).finally(ended);

  return [
    vscode.commands.registerCommand(COMMANDS.inspect, () => picking(false, () => LOCAL)),
    vscode.commands.registerCommand(COMMANDS.showAllProcesses, () => picking(true, () => LOCAL)),
    vscode.commands.registerCommand(COMMANDS.inspectOnHost, (from?: unknown) =>
      picking(false, async () => rowHost(hosts, from) ?? pickHost(await knownHosts())),
    ),
    // A program, or a test, may give the pid and the host.
    vscode.commands.registerCommand(COMMANDS.attachByPid, (given?: unknown, on?: unknown) =>
      attempt(t('The process could not be inspected.'), async () => {
        const text = given === undefined ? await askPid() : String(given);
        if (text !== undefined) await inspectOn(hostFrom(on) ?? LOCAL, parsePid(text));
      }),
    ),
  ];
}

/** The host whose row the command came from. */
function rowHost(hosts: Hosts, from: unknown): HostId | undefined {
  if (typeof from !== 'object' || from === null) return undefined;
  const { host } = from as { readonly host?: unknown };
  return typeof host === 'string' ? hosts.get(host)?.id : undefined;
}

function askPid(): Thenable<string | undefined> {
  return vscode.window.showInputBox({
    title: t('Inspect io_uring: Attach by PID'),
    prompt: t('Process ID of the program that hangs. It is only looked at, never stopped.'),
    placeHolder: '4242',
    validateInput: (text) => {
      if (text.trim() === '') return undefined;
      try {
        parsePid(text);
        return undefined;
      } catch (error) {
        return problemOf(error, '').why;
      }
    },
  });
}
