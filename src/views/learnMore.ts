import * as vscode from 'vscode';
import { pageOf } from '../explain/pages';
import { t } from '../model/l10n';
import { COMMANDS } from './ids';
import { attempt } from './messages';

/** Opens the page of a finding, by its tag, as the editor shows Markdown. */
export function learnMoreCommand(extension: vscode.Uri): vscode.Disposable {
  return vscode.commands.registerCommand(COMMANDS.learnMore, (tag?: unknown) =>
    attempt(t('The page could not be opened.'), async () => {
      const page = pageOf(tag);
      if (page === undefined) return;
      await vscode.commands.executeCommand(
        'markdown.showPreview',
        vscode.Uri.joinPath(extension, 'media', page),
      );
    }),
  );
}
