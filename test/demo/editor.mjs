// npm run demo:editor [-- --port N] [-- --theme dark|light] [-- --story server|fuse] [-- --screenshot FILE]
// From a fresh clone to the real editor in the browser, with the extension and a program that is stuck, ready to click.
// --story fuse (root only): reads of a file whose FUSE server is silent, instead of the little server of npm run demo.
// --screenshot inspects the program itself, saves the picture and ends; it needs Chromium.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { checkFuse, startFuseStory } from './fuse.mjs';
import { Missing, prepare, root } from './prepare.mjs';
import { startDemoProgram } from './program.mjs';

const say = (text) => process.stdout.write(`${text}\n`);
const themes = { dark: 'Default Dark Modern', light: 'Default Light Modern' };
/** What gets stuck, and the source that shows where it hands its requests to the kernel. */
const stories = {
  server: { check: () => undefined, start: startDemoProgram, source: 'server.c' },
  fuse: { check: checkFuse, start: startFuseStory, source: 'orders.c' },
};
const folder = path.join(root, 'test/demo');

async function demo() {
  const options = readOptions();
  const story = stories[options.story];
  story.check();
  prepare(say);
  // These need the dependencies that `prepare` installs.
  const { editionNamed, installEditor } = await import('../editor/install.mjs');
  const { startServer } = await import('../editor/server.mjs');
  if (options.screenshot) (await import('../editor/browser.mjs')).browserPath();
  const editor = await installEditor(editionNamed(), say);
  const server = await startServer(editor, {
    extension: root,
    port: options.port,
    settings: { 'workbench.colorTheme': themes[options.theme], 'editor.fontSize': 12 },
  });
  const place = whereToLook(story);
  let program;
  try {
    program = await story.start();
    if (options.screenshot) {
      const { takePicture } = await import('./picture.mjs');
      await takePicture(server, { ...place, pid: program.pid, to: path.resolve(options.screenshot) });
      say(`Saved ${options.screenshot}`);
    } else {
      const { address } = await import('../editor/workbench.mjs');
      invite(address(server, { folder }), program.pid);
      program = await untilInterrupted(story, program);
    }
  } finally {
    await program?.stop();
    await server.stop();
  }
}

/** The folder to open, and the line of its source where the program hands its requests to the kernel. */
function whereToLook(story) {
  const source = path.join(folder, story.source);
  const lines = readFileSync(source, 'utf8').split('\n');
  const line = lines.findIndex((text) => text.includes('ring_submit('));
  return { folder, file: `${source}:${Math.max(1, line + 1)}` };
}

function invite(url, pid) {
  const { port } = new URL(url);
  say(`
Open this in a browser:

  ${url}

Then press F1, type "Inspect io_uring" and pick "server", PID ${pid}: it is stuck, and the tree says on what.
${rightsHint()}On another machine, first: ssh -L ${port}:127.0.0.1:${port} ${process.env.USER ?? 'USER'}@THIS-HOST
Ctrl-C ends the editor and the stuck program.
`);
}

function rightsHint() {
  if (process.getuid?.() === 0) return '';
  return 'You are not root, so kernel stacks stay invisible and the tree says so: run it with sudo to see them.\n';
}

/** The stuck program lives for some minutes; another one takes its place. */
async function untilInterrupted(story, first) {
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
    await program.stop();
    program = await story.start();
    say(`The stuck program had its time and ended. Another one is stuck now: "server", PID ${program.pid}.`);
  }
  return program;
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: 'string', default: '0' },
        theme: { type: 'string', default: 'dark' },
        story: { type: 'string', default: 'server' },
        screenshot: { type: 'string' },
      },
    });
    if (!/^\d{1,5}$/.test(values.port)) throw new Error(`--port takes a number, not "${values.port}"`);
    if (!(values.theme in themes)) throw new Error(`--theme is dark or light, not "${values.theme}"`);
    if (!(values.story in stories)) throw new Error(`--story is server or fuse, not "${values.story}"`);
    return values;
  } catch (error) {
    throw new Missing(
      `${error.message}\nusage: npm run demo:editor -- [--port N] [--theme dark|light] [--story server|fuse] [--screenshot FILE]`,
    );
  }
}

demo().catch((error) => {
  const plain = error instanceof Missing || /Unavailable$/.test(error.constructor.name);
  process.stderr.write(plain ? `${error.message}\n` : `${error.stack}\n`);
  process.exitCode = 1;
});
