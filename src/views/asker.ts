import * as vscode from 'vscode';
import type { Askers } from '../inspect/host';
import { printable } from '../model/printable';
import type { Asker, ConfirmQuestion, SecretQuestion } from '../target/remoteHost';
import { withoutLinks } from './escape';
import type { Secrets } from './secrets';

const REMEMBER = 'Remember';
const USE_ONCE = 'Use Once';
/** Of a question that a server may have worded. */
const LONGEST = 300;

/** Asks in the editor. An answer is kept only where the user says so, and then in the editor's secret storage alone. */
export class EditorAsker implements Asker {
  /** Names whose answers the user does not want to be remembered: asked once a window. */
  private readonly unkept = new Set<string>();

  constructor(private readonly secrets: Secrets) {}

  async secret(question: SecretQuestion): Promise<string | undefined> {
    const { key, text, again, hidden } = question;
    const stored = await storedAnswer(this.secrets, question);
    if (stored !== undefined) return stored;
    const answer = await vscode.window.showInputBox({
      title: 'io_uring Inspector',
      prompt: `${again ? 'That was wrong. ' : ''}${printable(text, LONGEST)}`,
      password: hidden,
      ignoreFocusOut: true,
    });
    if (answer && key !== undefined) await this.offer(key, answer);
    return answer;
  }

  async confirm({ text, detail, yes }: ConfirmQuestion): Promise<boolean> {
    const options = { modal: true, detail: lines(detail) };
    const question = withoutLinks(printable(text, LONGEST));
    const button = printable(yes, 40);
    return (await vscode.window.showWarningMessage(question, options, button)) === button;
  }

  private async offer(name: string, answer: string): Promise<void> {
    if (this.unkept.has(name)) return;
    const detail = `“${printable(name, LONGEST)}” would be kept in the editor’s secret storage until you use “Forget Stored Secrets”.`;
    const chosen = await vscode.window.showInformationMessage(
      'Remember this answer?',
      { modal: true, detail },
      REMEMBER,
      USE_ONCE,
    );
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

function lines(text: string): string {
  return text
    .split('\n')
    .map((line) => printable(line, LONGEST))
    .join('\n');
}
