/**
 * Gets the real editor, once: code-server (VS Code's own server and workbench) from the npm registry,
 * about 800 MB, into the git-ignored `.cache/editor/VERSION`. A copy only appears there when it is whole.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const cache = path.join(root, '.cache/editor');
const unpackedCode = 'node_modules/code-server/lib/vscode';

/** `current` = the newest we test; `floor` = the oldest VS Code that package.json's `engines` allows. */
export const editions = {
  current: {
    version: '4.139.1',
    vscode: '1.139',
    node: '24.21.0',
    // Seconds an extension host outlives its page.
    flags: ['--reconnection-grace-time', '1'],
    // Without it the page does not report how a run in the extension host ended.
    testFlags: ['--vscode-option', 'enable-smoke-test-driver'],
  },
  floor: {
    version: '4.100.3',
    vscode: '1.100',
    node: '20.20.2',
    // Its own argon2 would have to be compiled; this one brings its binary. No password is ever hashed.
    overrides: { argon2: '0.44.0' },
    flags: [],
    testFlags: [],
  },
};

/** The editor cannot be had here; the message says why and what to do. */
export class EditorUnavailable extends Error {}

/** Name of the edition asked for by the EDITOR_VERSION variable or `name`. */
export function editionNamed(name = process.env.EDITOR_VERSION || 'current') {
  const edition = editions[name] ?? Object.values(editions).find(({ version }) => version === name);
  if (edition) return edition;
  throw new EditorUnavailable(
    `EDITOR_VERSION is "${name}"; it must be one of ${Object.keys(editions).join(', ')}.`,
  );
}

/** Installs the edition when it is absent; answers where its Node and its entry point are. */
export async function installEditor(edition = editionNamed(), say = () => {}) {
  const home = path.join(cache, edition.version);
  const editor = { ...edition, home, ...programs(home) };
  if (existsSync(home)) return editor;
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) {
    throw new EditorUnavailable(
      `The editor runs on Linux on x64 or arm64; this is ${process.platform} on ${process.arch}.`,
    );
  }
  await mkdir(cache, { recursive: true });
  await removeAbandoned();
  const scratch = path.join(cache, `${edition.version}.installing-${process.pid}`);
  const started = Date.now();
  say(
    `Installing code-server ${edition.version} (VS Code ${edition.vscode}, about 800 MB) into .cache/editor …`,
  );
  try {
    await mkdir(scratch);
    const manifest = { private: true, overrides: edition.overrides };
    await writeFile(path.join(scratch, 'package.json'), JSON.stringify(manifest));
    // No install scripts: nothing is compiled. What they would do, the next two steps and `programs` do.
    await npm(scratch, [`node-linux-${process.arch}@${edition.node}`, `code-server@${edition.version}`]);
    await npm(path.join(scratch, unpackedCode), ['--omit=dev']);
    await npm(path.join(scratch, unpackedCode, 'extensions'), ['--omit=dev']);
    await rename(scratch, home).catch((error) => {
      if (!existsSync(home)) throw error; // Another run was faster: its copy is as good.
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  say(`Installed in ${Math.round((Date.now() - started) / 1000)} s.`);
  return editor;
}

function programs(home) {
  return {
    nodePath: path.join(home, `node_modules/node-linux-${process.arch}/bin/node`),
    entry: path.join(home, 'node_modules/code-server/out/node/entry.js'),
  };
}

/** Removes what interrupted installations left behind. */
async function removeAbandoned() {
  for (const name of await readdir(cache)) {
    const pid = /\.installing-(\d+)$/.exec(name)?.[1];
    if (pid && !existsSync(`/proc/${pid}`))
      await rm(path.join(cache, name), { recursive: true, force: true });
  }
}

function npm(directory, args) {
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const patience = ['--fetch-retries=2', '--fetch-retry-mintimeout=2000', '--fetch-retry-maxtimeout=5000'];
  return new Promise((resolve, reject) => {
    const child = spawn('npm', ['install', ...quiet, ...patience, ...args], {
      cwd: directory,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let errors = '';
    child.stderr.on('data', (data) => {
      errors = (errors + data).slice(-4000);
    });
    child.on('error', (error) => reject(new EditorUnavailable(`npm could not be started: ${error.message}`)));
    child.on('close', (code) => (code === 0 ? resolve() : reject(unavailable(errors))));
  });
}

function unavailable(errors) {
  const unreachable = /ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|ENETUNREACH|network/.test(
    errors,
  );
  const told = /^npm (?:error|ERR!) (?!code|syscall|errno)(.*)$/m.exec(errors)?.[1] ?? errors.trim();
  return new EditorUnavailable(
    unreachable
      ? `The npm registry could not be reached, and the editor comes from there (${told}). Check the network ` +
          '(npm ping) or set a mirror (npm config set registry URL), then run this again.'
      : `npm could not install the editor, which needs about 1 GB below ${cache}: ${told}`,
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    const editor = await installEditor(editionNamed(process.argv[2]), console.log);
    console.log(`code-server ${editor.version} is in ${path.relative(root, editor.home)}`);
  } catch (error) {
    console.error(error instanceof EditorUnavailable ? error.message : error);
    process.exitCode = 1;
  }
}
