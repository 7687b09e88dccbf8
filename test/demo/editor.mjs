// npm run demo:editor [-- --port N] [-- --theme dark|light] [-- --screenshot FILE]
// From a fresh clone to the real editor in the browser, with the extension and a program that is stuck, ready to click.
// --screenshot inspects the program itself, saves the picture and ends; it needs Chromium.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Missing, prepare, root } from './prepare.mjs';
import { startDemoProgram } from './program.mjs';

const say = (text) => process.stdout.write(`${text}\n`);
const themes = { dark: 'Default Dark Modern', light: 'Default Light Modern' };
const folder = path.join(root, 'test/demo');

async function demo() {
  const options = readOptions();
  prepare(say);
  // These need the dependencies that `prepare` installs.
  const { editionNamed, installEditor } = await import('../editor/install.mjs');
  const { startServer } = await import('../editor/server.mjs');
  if (options.screenshot) (await import('../editor/browser.mjs')).browserPath();
  const editor = await installEditor(editionNamed(), say);
  const server = await startServer(editor, {
    extension: root,
    port: options.port,
    settings: { 'workbench.colorTheme': themes[options.theme] },
  });
  const place = whereToLook();
  let program;
  try {
    program = await startDemoProgram();
    if (options.screenshot) {
      const { takePicture } = await import('./picture.mjs');
      await takePicture(server, { ...place, pid: program.pid, to: path.resolve(options.screenshot) });
      say(`Saved ${options.screenshot}`);
    } else {
      const { address } = await import('../editor/workbench.mjs');
      invite(address(server, { folder }), program.pid);
      program = await untilInterrupted(program);
    }
  } finally {
    program?.stop();
    await server.stop();
  }
}

/** The folder to open, and the line of its source where the program hands its requests to the kernel. */
function whereToLook() {
  const source = path.join(folder, 'server.c');
  const lines = readFileSync(source, 'utf8').split('\n');
  const line = lines.findIndex((text) => text.includes('ring_submit('));
  return { folder, file: `${source}:${Math.max(1, line + 1)}` };
}

function invite(url, pid) {
  const { port } = new URL(url);
  say(`
Open this in a browser:

  ${url}

Then press F1, type "Inspect io_uring" and pick "server (${pid})": it is stuck, and the tree says on what.
${rightsHint()}On another machine, first: ssh -L ${port}:127.0.0.1:${port} ${process.env.USER ?? 'USER'}@THIS-HOST
Ctrl-C ends the editor and the stuck program.
`);
}

function rightsHint() {
  if (process.getuid?.() === 0) return '';
  return 'You are not root, so kernel stacks stay invisible and the tree says so: run it with sudo to see them.\n';
}

/** The stuck program lives for some minutes; another one takes its place. */
async function untilInterrupted(first) {
  let program = first;
  let interrupted = false;
  const interruption = new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, resolve);
  }).then(() => {
    interrupted = true;
  });
  while (!interrupted) {
    await Promise.race([interruption, new Promise((resolve) => setTimeout(resolve, 1000).unref())]);
    if (interrupted || existsSync(`/proc/${program.pid}`)) continue;
    program.stop();
    program = await startDemoProgram();
    say(`The stuck program had its time and ended. Another one is stuck now: "server (${program.pid})".`);
  }
  return program;
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: 'string', default: '0' },
        theme: { type: 'string', default: 'dark' },
        screenshot: { type: 'string' },
      },
    });
    if (!/^\d{1,5}$/.test(values.port)) throw new Error(`--port takes a number, not "${values.port}"`);
    if (!(values.theme in themes)) throw new Error(`--theme is dark or light, not "${values.theme}"`);
    return values;
  } catch (error) {
    throw new Missing(
      `${error.message}\nusage: npm run demo:editor -- [--port N] [--theme dark|light] [--screenshot FILE]`,
    );
  }
}

demo().catch((error) => {
  const plain = error instanceof Missing || /Unavailable$/.test(error.constructor.name);
  process.stderr.write(plain ? `${error.message}\n` : `${error.stack}\n`);
  process.exitCode = 1;
});
