import * as vscode from 'vscode';
import type { Inspections } from '../inspect/inspections';
import { problemOf } from '../inspect/problem';
import { COMMANDS } from './ids';
import { attempt, cancellable, showProblem } from './messages';
import { parsePid } from './pid';
import { type ListProcesses, pickProcess } from './processPicker';
import type { InspectionTree } from './tree';

/** The commands that begin an inspection. `ended` is called when one of them has done its work or was dismissed. */
export function inspectCommands(
  inspections: Inspections,
  tree: InspectionTree,
  list: ListProcesses,
  ended: () => void,
): vscode.Disposable[] {
  const inspect = async (pid: number) => {
    const title = `Looking at process ${pid}…`;
    const inspected = await cancellable(title, (signal) => inspections.follow(pid, signal));
    if (!inspected) return;
    const { sample, problem } = inspected.snapshot;
    if (problem && !sample) {
      inspections.remove(inspected.key);
      await showProblem(problem);
      return;
    }
    await tree.reveal(inspected.key);
  };

  const pickAndInspect = (all: boolean) =>
    attempt('The processes could not be listed.', async () => {
      const pid = await pickProcess(list, all);
      if (pid !== undefined) await inspect(pid);
    }).finally(ended);

  return [
    vscode.commands.registerCommand(COMMANDS.inspect, () => pickAndInspect(false)),
    vscode.commands.registerCommand(COMMANDS.showAllProcesses, () => pickAndInspect(true)),
    // A program, or a test, may give the pid.
    vscode.commands.registerCommand(COMMANDS.attachByPid, (given?: unknown) =>
      attempt('The process could not be inspected.', async () => {
        const text = given === undefined ? await askPid() : String(given);
        if (text !== undefined) await inspect(parsePid(text));
      }),
    ),
  ];
}

function askPid(): Thenable<string | undefined> {
  return vscode.window.showInputBox({
    title: 'Inspect io_uring: Attach by PID',
    prompt: 'Process ID of the program that hangs. It is only looked at, never stopped.',
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
