import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { extension } from './extension';
import type { Test } from './suite';

interface Contributions {
  readonly commands: readonly { readonly command: string; readonly title: string }[];
  readonly configuration: readonly {
    readonly properties: Readonly<Record<string, { readonly default: unknown }>>;
  }[];
  readonly views: Readonly<Record<string, readonly { readonly id: string }[]>>;
  readonly menus: Readonly<Record<string, readonly { readonly command: string }[]>>;
}

function contributes(): Contributions {
  return (extension().packageJSON as { contributes: Contributions }).contributes;
}

export const activationTests: readonly Test[] = [
  {
    name: 'the extension is not active before its first use',
    run: () => {
      assert.equal(extension().isActive, false);
      const events =
        (extension().packageJSON as { activationEvents?: readonly string[] }).activationEvents ?? [];
      assert.deepEqual(
        events.filter((event) => /^(\*|onStartupFinished|workspaceContains:.*)$/.test(event)),
        [],
      );
    },
  },
  {
    name: 'it runs where the workspace is',
    run: () => {
      // code-server is a remote host: an extension of kind "workspace" runs on its side.
      assert.notEqual(vscode.env.remoteName, undefined);
      assert.equal(extension().extensionKind, vscode.ExtensionKind.Workspace);
    },
  },
  {
    name: 'every setting has the default that package.json shows',
    run: () => {
      const all = contributes().configuration.flatMap(({ properties }) => Object.entries(properties));
      const settings = vscode.workspace.getConfiguration();
      for (const [name, { default: value }] of all) assert.deepEqual(settings.get(name), value, name);
      assert.ok(all.length > 0);
    },
  },
  {
    name: 'it activates, and every contributed command and view is there',
    run: async () => {
      await extension().activate();
      assert.equal(extension().isActive, true);
      const known = new Set(await vscode.commands.getCommands(true));
      const { commands, menus, views } = contributes();
      const ids = commands.map(({ command }) => command);
      assert.deepEqual(
        ids.filter((id) => !known.has(id)),
        [],
      );
      const used = Object.values(menus).flatMap((entries) => entries.map(({ command }) => command));
      assert.deepEqual(
        used.filter((id) => !ids.includes(id)),
        [],
      );
      const viewIds = Object.values(views).flatMap((list) => list.map(({ id }) => id));
      assert.deepEqual(
        viewIds.filter((id) => !known.has(`${id}.focus`)),
        [],
      );
    },
  },
  {
    name: 'no command of ours is registered that package.json does not contribute',
    run: async () => {
      const contributed = new Set(contributes().commands.map(({ command }) => command));
      const views = Object.values(contributes().views).flatMap((list) => list.map(({ id }) => id));
      const ours = (await vscode.commands.getCommands(true)).filter(
        // The editor makes commands of its own for each view: `VIEW.focus`, `VIEW.resetViewLocation`…
        (id) => id.startsWith('ioUringInspector.') && !views.some((view) => id.startsWith(`${view}.`)),
      );
      assert.deepEqual(
        ours.filter((id) => !contributed.has(id)),
        [],
      );
    },
  },
];
