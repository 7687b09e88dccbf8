import * as vscode from 'vscode';
import type { Inspected, Inspections } from '../inspect/inspections';
import { t } from '../model/l10n';
import { withoutIcons } from './escape';
import { onHost } from './hostNodes';
import { COMMANDS } from './ids';
import type { Node } from './node';
import { stateOf, titleOf } from './nodes';
import type { InspectionTree } from './tree';

/** What a command is about when it comes from the palette instead of a row. */
export class Subjects {
  constructor(
    private readonly inspections: Inspections,
    private readonly tree: InspectionTree,
    /** Those of another view: only meant where their row is pointed at. */
    private readonly others: Inspections,
  ) {}

  /** The inspection of `from` (a row of the tree), else the selected one, else the only one, else the user is asked. */
  async of(from: unknown, states: readonly string[]): Promise<Inspected | undefined> {
    const fits = this.inspections.all.filter((inspected) => states.includes(stateOf(inspected)));
    const pointed = keyOf(from);
    // A row may have gone while its menu was open.
    if (pointed !== undefined) return fits.find(({ key }) => key === pointed) ?? this.others.get(pointed);
    const selected = fits.find(({ key }) => key === this.tree.selected?.inspection);
    if (selected) return selected;
    if (fits.length > 1) return ask(fits);
    if (fits.length === 0) await offerInspect();
    return fits[0];
  }
}

function keyOf(from: unknown): string | undefined {
  if (typeof from !== 'object' || from === null) return undefined;
  return (from as Partial<Node>).inspection;
}

async function ask(all: readonly Inspected[]): Promise<Inspected | undefined> {
  const items = all.map((inspected) => ({
    label: withoutIcons(`${titleOf(inspected)}${onHost(inspected)}`),
    description: stateOf(inspected),
    inspected,
  }));
  const picked = await vscode.window.showQuickPick(items, { placeHolder: t('Which inspection?') });
  return picked?.inspected;
}

async function offerInspect(): Promise<void> {
  const begin = t('Inspect io_uring');
  const chosen = await vscode.window.showInformationMessage(
    t('Nothing that this command is for is open.'),
    begin,
  );
  if (chosen === begin) await vscode.commands.executeCommand(COMMANDS.inspect);
}
