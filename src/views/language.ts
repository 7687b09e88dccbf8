import { l10n } from 'vscode';
import { translateBy } from '../model/l10n';

/** All texts from now on are in the editor's display language, where l10n/ has it. */
export function speakTheEditorsLanguage(): void {
  translateBy((message, ...given) => l10n.t(message, ...given));
}
