import * as vscode from 'vscode';
import { LOCAL } from '../inspect/hostId';
import { UserError } from '../model/errors';
import type { KernelFrame, Sample } from '../model/sample';
import { parseStack } from '../procfs/stack';
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
      about('The process could not be inspected.', inspect),
    ),
    vscode.commands.registerCommand(COMMANDS.showDebuggee, about('The process could not be shown.', inspect)),
    vscode.commands.registerCommand(
      COMMANDS.frameToKernelSource,
      about('The kernel’s source could not be opened.', async (place) => {
        const sample = sampleOf(place.session);
        const stack = await kernelStack(place);
        const frame = stack[place.frame ?? 0];
        if (!sample || !frame) throw notOfKernel();
        const isSaved = typeof place.session.configuration['sample'] === 'string';
        const host = isSaved ? undefined : await hostOf(place.session.configuration);
        const row = { frame, stack: stack.filter((one) => one !== undefined), host: sample.host };
        await kernelSource.go(row, host);
      }),
    ),
  ];
}

/** Frames that are asked for: those of the kernel come first, and are some twenty. */
const MOST_FRAMES = 64;

/** The frames of a thread in their order; undefined for one that is not the kernel's. */
async function kernelStack({ session, thread }: CallStackPlace): Promise<(KernelFrame | undefined)[]> {
  if (thread === undefined || session.type !== DEBUG_TYPE) return [];
  const asked = { threadId: thread, startFrame: 0, levels: MOST_FRAMES };
  const answer: unknown = await session.customRequest('stackTrace', asked);
  const frames: unknown = Reflect.get(Object(answer), 'stackFrames');
  return (Array.isArray(frames) ? frames : []).map((frame: unknown) => {
    const name: unknown = Reflect.get(Object(frame), 'name');
    return parseStack(`[<0>] ${String(name)}`)[0];
  });
}

function pidUnknown({ name }: vscode.DebugSession): UserError {
  return new UserError(
    'no-such-process',
    `The process of the session “${name}” is not known.`,
    'Its debugger tells no process ID.',
    'Pick the process with “Inspect io_uring”.',
  );
}

function sessionUnknown(): UserError {
  return new UserError(
    'usage',
    'There is no debug session that this could be about.',
    'None is running, or it began before this extension did.',
    'Select the session in the Call Stack and try again.',
  );
}

function notOfKernel(): UserError {
  return new UserError(
    'usage',
    'This frame is not the kernel’s.',
    'Only frames of the kernel have their source there.',
    'Choose one of the pale frames at the top of a stack.',
  );
}
