/**
 * node test/editor/run.mjs vscode|ui [NAME…]
 * Runs the tests in the extension host, or those in the browser (only the stories whose file name holds a NAME).
 * EDITOR_VERSION=floor takes the oldest VS Code that is supported.
 */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { BrowserUnavailable, browserPath } from './browser.mjs';
import { runInExtensionHost } from './extensionHost.mjs';
import { EditorUnavailable, editionNamed, installEditor, root } from './install.mjs';
import { Report } from './report.mjs';
import { runStories } from './story.mjs';

const [kind, ...names] = process.argv.slice(2);
const runs = {
  vscode: { pattern: /\.test\.ts$/, run: (editor, report) => runInExtensionHost(editor, report, {}) },
  ui: { pattern: /\.story\.mjs$/, run: runStories },
};
const chosen = runs[kind];
if (!chosen) {
  console.error('usage: node test/editor/run.mjs vscode|ui [NAME…]');
  process.exit(1);
}

const report = new Report();
const directory = path.join(root, 'test', kind);
const files = (await readdir(directory))
  .filter(
    (file) => chosen.pattern.test(file) && (names.length === 0 || names.some((name) => file.includes(name))),
  )
  .sort();
try {
  browserPath();
  const editor = await installEditor(editionNamed(), console.log);
  console.log(`# ${kind}: VS Code ${editor.vscode} (code-server ${editor.version})`);
  await chosen.run(
    editor,
    report,
    files.map((file) => path.join(directory, file)),
  );
} catch (error) {
  if (!(error instanceof EditorUnavailable || error instanceof BrowserUnavailable)) throw error;
  for (const file of files) report.skip(`${kind}/${file}`, error.message);
}
report.finish();
