/**
 * Runs code-server on a free port of 127.0.0.1, with its own settings, extensions and data below one
 * temporary folder. A shell stands guard over the process group: when its stdin closes — because `stop`
 * was called or because this process ended in whatever way — it ends the group and removes the folder.
 */
import { spawn, spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { quietSettings } from './settings.mjs';

const guard = `
{ "$@" >"$LOG" 2>&1; echo "ended with code $?"; } &
child=$!
trap '' TERM INT HUP
read -r _
kill -TERM 0
for _ in 1 2 3 4 5 6 7 8 9 10; do kill -0 $child 2>/dev/null || break; sleep 0.1; done
rm -rf -- "$STATE"
kill -KILL 0
`;

/**
 * Starts the server and waits until it answers.
 * `extension` = folder of a built extension to install, `others` = folders of more, which have no build, `vsix` = a package to
 * install; `settings` are laid over the quiet ones;
 * `tests` = the page will run tests in the extension host (dialogs are refused then); `env` = variables
 * for the server and its extension hosts, with STATE = the temporary folder; `language` = the display language,
 * without a translation of the editor's own texts.
 * The answer holds `url`, `authority`, `stateDir`, `log()` and `stop()`.
 */
export async function startServer(
  editor,
  { extension, others = [], vsix, settings = {}, tests = false, env = {}, port = 0, language } = {},
) {
  const stateDir = await mkdtemp(path.join(os.tmpdir(), 'io-uring-inspector-editor-'));
  const at = (...names) => path.join(stateDir, ...names);
  await mkdir(at('data/User'), { recursive: true });
  await mkdir(at('data/Machine'));
  await mkdir(at('extensions'));
  await writeFile(at('data/User/settings.json'), JSON.stringify({ ...quietSettings, ...settings }, null, 2));
  // A setting of the scope "machine" is taken from here alone: the editor's server is another machine to it.
  await writeFile(at('data/Machine/settings.json'), JSON.stringify(settings, null, 2));
  await writeFile(at('config.yaml'), '{}\n');
  if (language) await installLanguage(language, at);
  for (const one of [...(extension ? [extension] : []), ...others])
    await installExtension(one, at('extensions'));
  if (vsix) installPackage(editor, vsix, at);
  const [program, ...args] = [editor.nodePath, editor.entry, ...flags(editor, at, port, tests)];
  const child = spawn('/bin/sh', ['-c', guard, 'editor-guard', program, ...args], {
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
    env: environment(editor, { LOG: at('server.log'), STATE: stateDir, ...env }),
  });
  child.stdin.on('error', () => {}); // The guard is gone already; `close` tells.
  const closed = new Promise((resolve) => child.on('close', resolve));
  let ended = '';
  child.stdout.on('data', (data) => {
    ended += data;
  });
  const log = () => readFile(at('server.log'), 'utf8').catch(() => '');
  const stop = async () => {
    child.stdin.end();
    await closed;
  };
  try {
    const url = await listening(log, () => ended);
    return { url, authority: new URL(url).host, stateDir, log, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function flags(editor, at, port, tests) {
  const quiet = ['telemetry', 'update-check', 'workspace-trust', 'getting-started-override'];
  return [
    ['--config', at('config.yaml')],
    ['--bind-addr', `127.0.0.1:${port}`],
    ['--auth', 'none'],
    ['--user-data-dir', at('data')],
    ['--extensions-dir', at('extensions')],
    quiet.map((name) => `--disable-${name}`),
    '--ignore-last-opened',
    editor.flags,
    tests ? editor.testFlags : [],
  ].flat();
}

function environment(editor, more) {
  // Its sockets go into the folder that is removed.
  const own = { EXTENSIONS_GALLERY: '{"serviceUrl":""}', XDG_RUNTIME_DIR: more.STATE };
  const env = { ...process.env, ...own, ...more };
  // A server started from a terminal of VS Code must not take itself for its child.
  for (const name of Object.keys(env)) if (/^(VSCODE_|ELECTRON_|CODE_SERVER_)/.test(name)) delete env[name];
  return { ...env, PATH: `${path.dirname(editor.nodePath)}:${env.PATH}` };
}

/** Waits for the line of the log that tells the address. */
async function listening(log, ended) {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const text = await log();
    const url = /HTTP server listening on (http:\/\/[\d.]+:\d+)/.exec(text)?.[1];
    if (
      url &&
      (await fetch(`${url}/healthz`).then(
        ({ ok }) => ok,
        () => false,
      ))
    )
      return `${url}/`;
    if (ended()) throw new Error(`The editor's server ${ended().trim()}:\n${text}`);
    if (Date.now() > deadline) throw new Error(`The editor's server did not answer within 60 s:\n${text}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Copies what a package of the extension would hold. */
async function installExtension(source, extensions) {
  const { publisher, name, version } = JSON.parse(await readFile(path.join(source, 'package.json'), 'utf8'));
  const target = path.join(extensions, `${publisher}.${name}-${version}`);
  await mkdir(target);
  for (const part of [
    'package.json',
    'package.nls.json',
    'package.nls.de.json',
    'l10n',
    'README.md',
    'CHANGELOG.md',
    'LICENSE',
    'dist',
    'media',
  ]) {
    await cp(path.join(source, part), path.join(target, part), {
      recursive: true,
      filter: (from) => !from.startsWith(path.join(source, 'dist/test')),
    }).catch((error) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }
}

/** What the editor writes down of a language pack, here one without texts, and of the display language that was chosen. */
async function installLanguage(language, at) {
  const texts = at('data', 'main.i18n.json');
  await writeFile(texts, JSON.stringify({ contents: {} }));
  const extensions = [{ extensionIdentifier: { id: `test.${language}` }, version: '1.0.0' }];
  const pack = { hash: language, label: language, extensions, translations: { vscode: texts } };
  await writeFile(at('data', 'languagepacks.json'), JSON.stringify({ [language]: pack }));
  await writeFile(at('data', 'User', 'argv.json'), JSON.stringify({ locale: language }));
}

/** Installs a VSIX as a user does, by the editor's own command. */
function installPackage(editor, vsix, at) {
  const places = [
    '--config',
    at('config.yaml'),
    '--user-data-dir',
    at('data'),
    '--extensions-dir',
    at('extensions'),
  ];
  const { status, stdout, stderr } = spawnSync(
    editor.nodePath,
    [editor.entry, ...places, '--install-extension', vsix],
    { encoding: 'utf8', env: environment(editor, { STATE: at() }), timeout: 120_000 },
  );
  if (status !== 0 || !/successfully installed/.test(stdout))
    throw new Error(`The editor did not install ${vsix}:\n${stdout}${stderr}`);
}
