/**
 * node test/editor/run.mjs vscode|packaged|ui [NAME…]
 * Runs the tests in the extension host, the same with the installed VSIX, or those in the browser (only the stories whose file
 * name holds a NAME).
 * EDITOR_VERSION=floor takes the oldest VS Code that is supported.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { BrowserUnavailable, browserPath } from './browser.mjs';
import { runInExtensionHost } from './extensionHost.mjs';
import { EditorUnavailable, editionNamed, installEditor, root } from './install.mjs';
import { Report, Skip } from './report.mjs';
import { runStories } from './story.mjs';
import { tracingProbe } from './tracefs.mjs';
import { debuggee, startHungFileServer, startVictim } from './victims.mjs';

const [kind, ...names] = process.argv.slice(2);
const runs = {
  vscode: { pattern: /\.test\.ts$/, run: withVictims },
  packaged: { pattern: /\.test\.ts$/, run: withPackage, folder: 'vscode' },
  ui: { pattern: /\.story\.mjs$/, run: runStories },
};
const roles = {
  STUCK: ['ring_victim', 'fifo-open'],
  DOOMED: ['ring_victim', 'pipe-read'],
  LEAVING: ['ring_victim', 'pipe-read'],
  HEALTHY: ['ring_victim', 'healthy'],
  ZOMBIE: ['odd', 'zombie'],
  TRACED: ['traced'],
};
const chosen = runs[kind];
if (!chosen) {
  console.error('usage: node test/editor/run.mjs vscode|packaged|ui [NAME…]');
  process.exit(1);
}

// Everything that was started ends with this process, also when it is interrupted.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(130));
const report = new Report();
const directory = path.join(root, 'test', chosen.folder ?? kind);
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

/** The same with what `npm run package` makes, installed. */
async function withPackage(editor, report, files) {
  const vsix = path.join(root, 'dist/test/packed.vsix');
  mkdirSync(path.dirname(vsix), { recursive: true });
  const made = spawnSync(process.execPath, [path.join(root, 'package.mjs'), '--out', vsix], {
    encoding: 'utf8',
  });
  if (made.status === 0) return withVictims(editor, report, files, vsix);
  if (!/No C compiler/.test(made.stderr))
    throw new Error(`npm run package failed:\n${made.stdout}${made.stderr}`);
  for (const file of files) report.skip(path.relative(root, file), made.stderr.trim());
}

/** Starts the programs that the tests in the extension host inspect; one that cannot be had is told by its reason. */
async function withVictims(editor, report, _files, vsix) {
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
    try {
      const server = await startHungFileServer();
      started.push(server);
      environment.HUNG_FILES = server.mount;
    } catch (error) {
      if (!(error instanceof Skip)) throw error;
      environment.HUNG_FILES = error.message;
    }
    await runInExtensionHost(editor, report, { environment, vsix });
  } finally {
    for (const victim of started) await victim.stop();
  }
}
