/** Puts a text into the language of who reads it: `{0}` is the first of what is given. */
export type Translate = (message: string, ...given: readonly (string | number | boolean)[]) => string;

let translate: Translate = filled;

/** The text of the reader's language; English, which the message itself is, where nothing translates. */
export const t: Translate = (message, ...given) => translate(message, ...given);

/** From now on `by` translates: before anything is loaded that asks for texts. */
export function translateBy(by: Translate): void {
  translate = by;
}

/** Translates by a bundle as `vscode.l10n` has it: messages and what stands for them. */
export function bundled(bundle: Readonly<Record<string, string>>): Translate {
  return (message, ...given) =>
    filled(Object.hasOwn(bundle, message) ? (bundle[message] ?? message) : message, ...given);
}

/** What is given is not looked at for further places: it may be the target's text. */
function filled(message: string, ...given: readonly (string | number | boolean)[]): string {
  return given.length === 0
    ? message
    : message.replace(/\{(\d+)\}/g, (place, at: string) => String(given[Number(at)] ?? place));
}
