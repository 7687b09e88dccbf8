/**
 * Runs the tests of test/vscode inside the editor's extension host: the page is opened with the extension
 * as one under development and our bundle as its tests. Each result arrives as one line of a file.
 */
import { copyFile, mkdir, readdir, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';
import { launchBrowser } from './browser.mjs';
import { root } from './install.mjs';
import { startServer } from './server.mjs';
import { artifacts } from './workbench.mjs';

const tests = 'dist/test/vscode/index.js';
const bundle = path.join(root, tests);

/**
 * `environment` reaches the tests as variables. Every result goes to `report`. With `vsix` that package is installed, and
 * the extension under development is what the editor unpacked.
 */
export async function runInExtensionHost(
  editor,
  report,
  { environment = {}, folder = root, timeout = 420_000, vsix } = {},
) {
  await build({
    entryPoints: [path.join(root, 'test/vscode/index.ts')],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['vscode'],
    sourcemap: 'inline',
    logLevel: 'warning',
  });
  // Extensions that come with the editor stay; ours is loaded from the development path.
  const others = [path.join(root, 'test/vscode/debugger')];
  const server = await startServer(editor, { tests: true, env: environment, others, vsix });
  const browser = await launchBrowser();
  const results = path.join(server.stateDir, 'results.jsonl'); // The runner finds it through STATE.
  const logs = [];
  try {
    const permissions = ['clipboard-read', 'clipboard-write'];
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, permissions });
    const ended = new Promise((resolve) => {
      page.exposeFunction('codeAutomationExit', resolve).catch(resolve);
      page.on('crash', () => resolve('crashed'));
    });
    await page.exposeFunction('codeAutomationLog', (_type, args) => logs.push(args.join(' ')));
    const remote = (file) => `vscode-remote://${server.authority}${file}`;
    const extension = vsix ? await installed(server.stateDir) : root;
    const payload = [
      ['extensionDevelopmentPath', remote(extension)],
      ['extensionTestsPath', remote(path.join(extension, tests))],
    ];
    const query = `folder=${encodeURIComponent(folder)}&payload=${encodeURIComponent(JSON.stringify(payload))}`;
    await page.goto(`${server.url}?${query}`);
    let timer;
    const late = new Promise((resolve) => {
      timer = setTimeout(() => resolve('late'), timeout);
    });
    const code = await Promise.race([ended, late]);
    clearTimeout(timer);
    const told = await tell(results, report);
    if ((code !== 0 || told === 0) && report.failed === 0) {
      await page.screenshot({ path: path.join(artifacts, 'vscode.png') });
      const tail = `${logs.slice(-40).join('\n')}\n${(await server.log()).slice(-3000)}`;
      report.fail('the run in the extension host', new Error(`ended with ${code}:\n${tail}`));
    }
  } finally {
    await browser.close();
    await server.stop();
  }
}

/**
 * What the editor made of the only package that was installed, moved to where extensions under development lie, with the tests in it: the
 * editor hands the API of an extension to what lies in its folder.
 */
async function installed(stateDir) {
  const folder = path.join(stateDir, 'extensions');
  const found = (await readdir(folder)).filter((name) => /^io-uring-inspector\..+-\d/.test(name));
  if (found.length !== 1) throw new Error(`The editor installed ${found.length} packages.`);
  const moved = path.join(stateDir, 'packed');
  await rename(path.join(folder, found[0]), moved);
  await mkdir(path.join(moved, path.dirname(tests)), { recursive: true });
  await copyFile(bundle, path.join(moved, tests));
  return moved;
}

/** Hands the results on; answers how many there are. */
async function tell(file, report) {
  const text = await readFile(file, 'utf8').catch(() => '');
  const results = text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  for (const { name, outcome, seconds, reason } of results) {
    if (outcome === 'ok') report.ok(name, seconds);
    else if (outcome === 'skip') report.skip(name, reason);
    else report.fail(name, reason);
  }
  return results.length;
}
