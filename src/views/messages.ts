import * as vscode from 'vscode';
import { type InspectionProblem, problemOf } from '../inspect/problem';
import { t } from '../model/l10n';
import { problemDetails, problemText, wayOut } from './problem';

const COPY = t('Copy Details');
/** Milliseconds work may take before it shows a message with a Cancel button. */
const PATIENCE = 700;

/** Runs the work of a command; an error becomes a message with a way out. */
export async function attempt(what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    await showProblem(problemOf(error, what));
  }
}

/** With `other`, a button of the caller's: whether it was chosen. */
export async function showProblem(problem: InspectionProblem, other?: string): Promise<boolean> {
  if (problem.code === 'cancelled') return false;
  const way = wayOut(problem);
  const buttons = [other, way?.title, COPY].filter((title) => title !== undefined);
  const chosen = await vscode.window.showErrorMessage(problemText(problem), ...buttons);
  if (chosen === COPY) {
    const about = [
      `Editor: ${vscode.env.appName} ${vscode.version}`,
      `Remote: ${vscode.env.remoteName ?? 'none'}`,
    ];
    await vscode.env.clipboard.writeText(problemDetails(problem, about));
  } else if (way && chosen === way.title) {
    await vscode.commands.executeCommand(way.command, ...(way.argument === undefined ? [] : [way.argument]));
  }
  return other !== undefined && chosen === other;
}

/** Work that is quick as a rule: only when it is not, a message comes up that can cancel it. */
export async function cancellable<T>(title: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  const running = work(abort.signal);
  const ended = running.then(
    () => undefined,
    () => undefined,
  );
  const timer = setTimeout(() => {
    const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
    void vscode.window.withProgress(options, (_progress, token) => {
      token.onCancellationRequested(() => abort.abort());
      return ended;
    });
  }, PATIENCE);
  void ended.then(() => clearTimeout(timer));
  return running;
}

/** Work that tells how far it is, 0 to 1, with a message that shows it and can cancel it. */
export function advancing(
  title: string,
  work: (progress: (fraction: number) => void, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const abort = new AbortController();
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  return Promise.resolve(
    vscode.window.withProgress(options, (progress, token) => {
      token.onCancellationRequested(() => abort.abort());
      let shown = 0;
      return work((fraction) => {
        progress.report({ increment: Math.max(0, fraction - shown) * 100 });
        shown = Math.max(shown, fraction);
      }, abort.signal);
    }),
  );
}
