import * as vscode from 'vscode';

export const EXTENSION = 'io-uring-inspector.io-uring-inspector';

export function extension(): vscode.Extension<unknown> {
  const found = vscode.extensions.getExtension(EXTENSION);
  if (!found) throw new Error(`${EXTENSION} is not installed here`);
  return found;
}
