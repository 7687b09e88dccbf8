import * as vscode from 'vscode';
import type { Askers } from '../inspect/host';
import { t } from '../model/l10n';
import { printable } from '../model/printable';
import type { Asker, ConfirmQuestion, SecretQuestion } from '../target/remoteHost';
import { trustRows } from './confirmRows';
import { withoutLinks } from './escape';
import { QuestionQueue } from './questionQueue';
import type { Secrets } from './secrets';

const TITLE = 'io_uring Inspector';
const REMEMBER = t('Remember');
const NOT_NOW = t('Not in This Window');
/** Of a question that a server may have worded. */
const LONGEST = 300;

/**
 * Asks in the editor, one question at a time, and closes a question that is over. An answer is kept only where it was right and
 * the user says so, and then in the editor's secret storage alone.
 */
export class EditorAsker implements Asker {
  /** Names whose answers the user does not want to be remembered: asked once a window. */
  private readonly unkept = new Set<string>();
  private readonly queue = new QuestionQueue();

  constructor(private readonly secrets: Secrets) {}

  async secret(question: SecretQuestion): Promise<string | undefined> {
    const { key, text, again, hidden, right, over } = question;
    const stored = await storedAnswer(this.secrets, question);
    if (stored !== undefined) return stored;
    return this.queue.ask(async () => {
      // Another host may have asked for the same meanwhile.
      const known = key === undefined || again ? undefined : await this.secrets.get(key);
      if (known !== undefined) return known;
      const answer = await closing(over, (token) => {
        const options = {
          title: TITLE,
          prompt: `${again ? t('That was wrong. ') : ''}${printable(text, LONGEST)}`,
          password: hidden,
          ignoreFocusOut: true,
        };
        return vscode.window.showInputBox(options, token);
      });
      if (answer && key !== undefined) void this.offer(key, answer, right);
      return answer;
    }, over);
  }

  async confirm({ text, detail, yes, over }: ConfirmQuestion): Promise<boolean> {
    const rows = trustRows(detail, yes);
    const options = {
      title: printable(text, LONGEST),
      placeHolder: t('{0}: pick an answer', TITLE),
      ignoreFocusOut: true,
    };
    const ask = () =>
      closing(over, async (token) => {
        for (;;) {
          const chosen = await vscode.window.showQuickPick(rows, options, token);
          // A row that only says something answers nothing.
          if (chosen === undefined || chosen.trusts !== undefined) return chosen?.trusts === true;
        }
      });
    return (await this.queue.ask(ask, over)) === true;
  }

  private async offer(name: string, answer: string, right: Promise<boolean> | undefined): Promise<void> {
    if (this.unkept.has(name) || (await right) === false) return;
    const named = withoutLinks(printable(name, LONGEST));
    const question = t(
      'Remember the “{0}”? It would be kept in the editor’s secret storage until you use “Forget Stored Secrets”.',
      named,
    );
    const chosen = await vscode.window.showInformationMessage(question, REMEMBER, NOT_NOW);
    if (chosen === REMEMBER) await this.secrets.remember(name, answer);
    else this.unkept.add(name);
  }
}

/** The editor for what the user has begun, what is remembered for all that happens by itself. */
export function editorAskers(secrets: Secrets): Askers {
  const quiet: Asker = {
    secret: (question) => storedAnswer(secrets, question),
    confirm: () => Promise.resolve(false),
  };
  return { user: new EditorAsker(secrets), quiet };
}

/** What is remembered; it is forgotten where it turned out wrong. */
async function storedAnswer(secrets: Secrets, { key, again }: SecretQuestion): Promise<string | undefined> {
  if (key === undefined) return undefined;
  if (!again) return secrets.get(key);
  await secrets.forget(key);
  return undefined;
}

/** Shows what closes by itself when `over` is aborted. */
async function closing<T>(
  over: AbortSignal | undefined,
  show: (token: vscode.CancellationToken) => PromiseLike<T>,
): Promise<T> {
  const source = new vscode.CancellationTokenSource();
  const close = () => source.cancel();
  over?.addEventListener('abort', close, { once: true });
  try {
    return await show(source.token);
  } finally {
    over?.removeEventListener('abort', close);
    source.dispose();
  }
}
