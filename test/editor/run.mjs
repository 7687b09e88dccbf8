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
import { Report, Skip } from './report.mjs';
import { runStories } from './story.mjs';
import { tracingProbe } from './tracefs.mjs';
import { debuggee, startVictim } from './victims.mjs';

const [kind, ...names] = process.argv.slice(2);
const runs = {
  vscode: { pattern: /\.test\.ts$/, run: withVictims },
  ui: { pattern: /\.story\.mjs$/, run: runStories },
};
const roles = {
  STUCK: ['ring_victim', 'fifo-open'],
  DOOMED: ['ring_victim', 'pipe-read'],
  HEALTHY: ['ring_victim', 'healthy'],
  ZOMBIE: ['odd', 'zombie'],
  TRACED: ['traced'],
};
const chosen = runs[kind];
if (!chosen) {
  console.error('usage: node test/editor/run.mjs vscode|ui [NAME…]');
  process.exit(1);
}

// Everything that was started ends with this process, also when it is interrupted.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(130));
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

/** Starts the programs that the tests in the extension host inspect; one that cannot be had is told by its reason. */
async function withVictims(editor, report) {
  const environment = {};
  const started = [];
  try {
    for (const [role, command] of Object.entries(roles)) {
      try {
        const victim = await startVictim(...command);
        started.push(victim);
        environment[`VICTIM_${role}`] = String(victim.pid);
      } catch (error) {
        if (!(error instanceof Skip)) throw error;
        environment[`VICTIM_${role}`] = error.message;
      }
    }
    for (const [name, find] of Object.entries({ DEBUGGEE: debuggee, TRACING_PROBE: tracingProbe })) {
      try {
        environment[name] = await find();
      } catch (error) {
        if (!(error instanceof Skip)) throw error;
        environment[name] = error.message;
      }
    }
    await runInExtensionHost(editor, report, { environment });
  } finally {
    for (const victim of started) await victim.stop();
  }
}
