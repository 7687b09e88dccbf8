import * as vscode from 'vscode';
import type { Inspected, Inspections } from '../inspect/inspections';
import { problemOf } from '../inspect/problem';
import { t } from '../model/l10n';
import { COMMANDS } from './ids';
import { attempt, cancellable, showProblem } from './messages';
import { traceSeconds } from './settings';
import type { Subjects } from './subject';
import type { InspectionTree } from './tree';

const MORE_RIGHTS = t('Inspect with More Rights (sudo)…');

/** The commands that begin to trace what is inspected, and end it. */
export function tracingCommands(
  inspections: Inspections,
  tree: InspectionTree,
  subjects: Subjects,
): vscode.Disposable[] {
  return [
    vscode.commands.registerCommand(COMMANDS.startTracing, (from?: unknown) =>
      attempt(t('The process could not be traced.'), async () => {
        const inspected = await subjects.of(from, ['live', 'paused']);
        if (inspected) await start(inspections, tree, inspected);
      }),
    ),
    vscode.commands.registerCommand(COMMANDS.stopTracing, (from?: unknown) =>
      attempt(t('The trace could not be ended.'), async () => {
        const traced = inspections.all.filter(isTraced);
        // Of several inspections the one that is traced is meant, wherever the command came from the palette.
        const [only] = traced;
        const inspected =
          from === undefined && only && traced.length === 1
            ? only
            : await subjects.of(from, ['live', 'paused', 'ended']);
        if (!inspected) return;
        tree.dontWait();
        const { pid } = inspected;
        await cancellable(t('Ending the trace of process {0}…', pid), () =>
          inspections.stopTrace(inspected.key),
        );
      }),
    ),
  ];
}

/** Whether an inspection is being traced. */
export function isTraced({ tracing }: Inspected): boolean {
  return tracing?.state === 'starting' || tracing?.state === 'running' || tracing?.state === 'stopping';
}

async function start(inspections: Inspections, tree: InspectionTree, inspected: Inspected): Promise<void> {
  const { key, host } = inspected;
  tree.dontWait();
  try {
    await inspections.trace(key, traceSeconds());
    await tree.reveal(key, 'traced');
  } catch (error) {
    const problem = problemOf(error, t('The process could not be traced.'));
    const helps = problem.code === 'not-permitted' && host !== undefined && !host.sudo;
    if (!helps) return void (await showProblem(problem));
    const { remedy: _, ...told } = problem;
    const chosen = await showProblem({ ...told, code: 'not-traceable' }, MORE_RIGHTS);
    if (chosen) await vscode.commands.executeCommand(COMMANDS.inspectWithSudo, { inspection: key });
  }
}
