import * as vscode from 'vscode';
import type { KernelFrameBody } from '../debug/queries';
import { LOCAL } from '../inspect/hostId';
import { UserError } from '../model/errors';
import { t } from '../model/l10n';
import type { Sample } from '../model/sample';
import { hostOf } from './debugConfigurations';
import type { Debuggee, Debugging } from './debugging';
import { type CallStackPlace, configuredPid, type DebugSessions } from './debugSessions';
import { COMMANDS, DEBUG_TYPE } from './ids';
import { attempt } from './messages';
import { taskId } from './taskNodes';

/** The commands on the menus of the Call Stack; `sampleOf` = the newest Sample of a session of ours. */
export function callStackCommands(
  needs: Debugging,
  sessions: DebugSessions,
  sampleOf: (session: vscode.DebugSession) => Sample | undefined,
): vscode.Disposable[] {
  const { tree, inspectOn, inspected, kernelSource } = needs;

  const debuggeeOf = async (session: vscode.DebugSession): Promise<Debuggee> => {
    if (session.type === DEBUG_TYPE) {
      const pid = sampleOf(session)?.process.pid;
      if (pid !== undefined) return { pid, host: await hostOf(session.configuration) };
    }
    const known = needs.debuggee?.(session);
    if (known) return known;
    const pid = configuredPid(session);
    if (pid !== undefined) return { pid, host: LOCAL };
    throw pidUnknown(session);
  };

  const inspect = async ({ session, thread }: CallStackPlace): Promise<void> => {
    const { sample } = session.configuration;
    if (session.type === DEBUG_TYPE && typeof sample === 'string' && sample !== '') {
      await vscode.commands.executeCommand(COMMANDS.openSample, vscode.Uri.file(sample));
      return;
    }
    const { host, pid } = await debuggeeOf(session);
    if (!(await inspectOn(host, pid)) || thread === undefined) return;
    const key = inspected(host, pid);
    if (key !== undefined) await tree.reveal(key, taskId({ tid: thread }));
  };

  const about =
    (what: string, work: (place: CallStackPlace) => Promise<void>) =>
    (...given: readonly unknown[]) =>
      attempt(what, async () => {
        const place = sessions.placeOf(given);
        if (!place) throw sessionUnknown();
        await work(place);
      });

  return [
    vscode.commands.registerCommand(
      COMMANDS.inspectDebuggee,
      about(t('The process could not be inspected.'), inspect),
    ),
    vscode.commands.registerCommand(
      COMMANDS.showDebuggee,
      about(t('The process could not be shown.'), inspect),
    ),
    vscode.commands.registerCommand(
      COMMANDS.frameToKernelSource,
      about(t('The kernel’s source could not be opened.'), async (place) => {
        const { configuration, type } = place.session;
        if (type !== DEBUG_TYPE) throw framesOfAnother(place.session);
        const isSaved = typeof configuration['sample'] === 'string' && configuration['sample'] !== '';
        await kernelSource.go(await kernelFrame(place), isSaved ? undefined : await hostOf(configuration));
      }),
    ),
  ];
}

/** The frame that a menu was opened on, by the session's word. Rejects where it is none of the kernel's. */
async function kernelFrame({ session, thread, frame = 0 }: CallStackPlace): Promise<KernelFrameBody> {
  const asked = { threadId: thread, startFrame: frame, levels: 1 };
  const { stackFrames } = (await session.customRequest('stackTrace', asked)) as {
    readonly stackFrames?: readonly { readonly id: number }[];
  };
  return (await session.customRequest('ioUring/kernelFrame', {
    frameId: stackFrames?.[0]?.id,
  })) as KernelFrameBody;
}

function pidUnknown({ name }: vscode.DebugSession): UserError {
  return new UserError(
    'no-such-process',
    t('The process of the session “{0}” is not known.', name),
    t('Its debugger tells no process ID.'),
    t('Pick the process with “Inspect io_uring”.'),
  );
}

/** The menu has the command there, too, while a session of ours is beside it. */
function framesOfAnother({ name }: vscode.DebugSession): UserError {
  return new UserError(
    'debug-unsupported',
    t('The frames of the session “{0}” are the program’s own.', name),
    t('Another debugger shows them, and none of them is one of the kernel.'),
    t('“Inspect io_uring of This Process” on it shows the kernel’s stacks of its threads.'),
  );
}

function sessionUnknown(): UserError {
  return new UserError(
    'usage',
    t('There is no debug session that this could be about.'),
    t('None is running, or it began before this extension did.'),
    t('Select the session in the Call Stack and try again.'),
  );
}
