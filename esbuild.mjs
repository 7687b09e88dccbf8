// Builds what is shipped: dist/main.js with dist/cli.js, which starts its command line and debug adapter, dist/ssh.js,
// dist/histograms.js, dist/links.js with dist/demangle.wasm and dist/xz.wasm, dist/timeline.js with its style, and the probe.
//     node esbuild.mjs [--watch] [--probe-only] [--probe-arch x64|arm64]
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, 'dist');
const { version } = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8'));

const modified = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

class BuildError extends Error {}

/**
 * Ways to compile for `arch` with what is installed, the best first: [compiler, flags]. With musl the probe is an eighth of what it is
 * with glibc. Debian has musl for the other architecture too (musl-dev:arm64), but no compiler that knows of it.
 */
function compilersFor(arch) {
  const machine = { x64: 'x86_64-linux', arm64: 'aarch64-linux' }[arch];
  const own = arch === process.arch ? [process.env.CC, 'musl-gcc', 'cc', 'gcc', 'clang'] : [];
  const candidates = [...own, `${machine}-musl-gcc`, `${machine}-gnu-gcc`];
  const there = candidates.filter(
    (name) => name && !spawnSync(name, ['--version'], { stdio: 'ignore' }).error,
  );
  return there.flatMap((name) => [
    ...(name === `${machine}-gnu-gcc` ? muslOf(name, `${machine}-musl`) : []),
    [name, name.includes('musl') ? headersAfter(`/usr/include/${machine}-gnu`, '/usr/include') : []],
  ]);
}

/** The kernel's headers, which musl comes without: those of the other C library, after its own. */
const headersAfter = (...folders) => folders.flatMap((folder) => ['-idirafter', folder]);

function muslOf(compiler, name) {
  const library = `/usr/lib/${name}`;
  if (!existsSync(`${library}/libc.a`)) return [];
  const own = spawnSync(compiler, ['-print-file-name=include'], { encoding: 'utf8' }).stdout.trim();
  const machine = name.replace('-musl', '-gnu');
  const headers = ['-nostdinc', '-isystem', `/usr/include/${name}`, '-isystem', own];
  const after = headersAfter(`/usr/${machine}/include`, `/usr/include/${machine}`, '/usr/include');
  const objects = ['crt1.o', 'crti.o', 'libc.a', 'crtn.o'].map((file) => `${library}/${file}`);
  // Outline atomics of libgcc ask glibc what the processor can do.
  const plain = name.startsWith('aarch64') ? ['-mno-outline-atomics'] : [];
  return [[compiler, [...headers, ...after, ...plain, '-nostdlib', ...objects, '-lgcc', objects[2]]]];
}

function missingCompiler(arch) {
  const packages =
    arch === process.arch ? 'gcc libc6-dev' : `gcc-${arch === 'arm64' ? 'aarch64' : 'x86-64'}-linux-gnu`;
  return `No C compiler for the probe (${arch}) was found. Install one: apt-get install ${packages}`;
}

/** Compiles the probe unless it is newer than its sources. Its path. Throws a BuildError with what to do. */
export function buildProbe(arch = process.arch) {
  const folder = join(dist, 'probe', `linux-${arch}`);
  const binary = join(folder, 'io-uring-probe');
  const source = join(here, 'src', 'probe');
  const files = readdirSync(source).filter((name) => /\.[ch]$/.test(name));
  if (files.every((name) => modified(join(source, name)) < modified(binary))) return binary;
  const compilers = compilersFor(arch);
  if (compilers.length === 0) throw new BuildError(missingCompiler(arch));
  mkdirSync(folder, { recursive: true });
  // Tests build at the same time: each its own file, put in place whole.
  const fresh = `${binary}.${process.pid}`;
  const flags = [
    '-O2',
    '-Wall',
    '-Wextra',
    `-DPROBE_VERSION="${version}"`,
    '-o',
    fresh,
    join(source, 'probe.c'),
  ];
  const compile = ([compiler, own], ...more) =>
    spawnSync(compiler, [...more, ...flags, ...own], { encoding: 'utf8' });
  let run;
  for (const way of compilers) {
    run = compile(way, '-static', '-s');
    // Without a static C library it still runs on machines like this one.
    if (run.status !== 0 && /-lc\b|libc\.a/.test(run.stderr)) run = compile(way, '-s');
    if (run.status === 0) break;
  }
  if (run.status !== 0) {
    rmSync(fresh, { force: true });
    throw new BuildError(`The probe does not compile:\n${run.error?.message ?? run.stderr}`);
  }
  if (run.stderr) process.stderr.write(run.stderr);
  renameSync(fresh, binary);
  return binary;
}

/** Modules below src that are bundles of their own: the other bundles require them once they are imported. */
const LATE = { 'target/ssh/library': 'ssh', links: 'links', 'trace/histograms': 'histograms' };

/** Entries that exist, with what each needs of its own. */
export function bundles() {
  const all = [
    { name: 'cli', from: 'cli/start.ts', options: { banner: { js: '#!/usr/bin/env node' } } },
    { name: 'main', from: 'main.ts', options: {} },
    ...Object.entries(LATE).map(([from, name]) => ({ name, from: `${from}.ts`, options: {} })),
    { name: 'kernelIndexer', from: 'kernelIndexer.ts', options: {} },
  ];
  return all
    .map(({ name, from, options }) => ({ name, entry: join(here, 'src', from), options }))
    .filter(({ entry }) => existsSync(entry));
}

/**
 * Lists the processes of this machine and debugs the build once, and keeps what the engine has compiled of dist/main.js for it:
 * src/cli/start.ts hands that to the engine. Everything compiled would be 3.7 MB to read.
 */
const RUN_ONCE = `
const { readFileSync, writeFileSync } = require('node:fs');
const { Script } = require('node:vm');
const [file, folder, kept] = process.argv.splice(1);
const text = readFileSync(file, 'utf8');
const script = new Script('(function (module, exports, require, __filename, __dirname) {' + text + '\\n})', { filename: file });
const module_ = { exports: {} };
script.runInThisContext()(module_, module_.exports, require('node:module').createRequire(file), file, folder);
process.argv.push(file, '--verbose');
process.on('exit', () => writeFileSync(kept, script.createCachedData()));
module_.exports.runCommandLine().then(() => module_.exports.runAdapter([]));
`;

/** What a client of the debug adapter says, and the words of the answer after which it says it. */
const SAID = [
  ['', { command: 'initialize', arguments: { adapterID: 'io_uring' } }],
  ['"event":"initialized"', { command: 'configurationDone' }],
  ['"event":"stopped"', { command: 'threads' }],
  ['"command":"threads"', { command: 'stackTrace', arguments: { threadId: process.pid } }],
  ['"command":"stackTrace"', { command: 'disconnect' }],
];

/** Without it programs start later, that is all: not where no process can be looked at. */
async function compileAhead() {
  const kept = join(dist, 'main.cache');
  const fresh = `${kept}.${process.pid}`;
  const child = spawn(process.execPath, ['-e', RUN_ONCE, join(dist, 'main.js'), dist, fresh], {
    stdio: ['pipe', 'pipe', 'ignore'],
    timeout: 20_000,
  });
  const attach = { command: 'attach', arguments: { pid: process.pid } };
  let [said, heard] = [0, ''];
  const say = (message) => {
    said++;
    const text = JSON.stringify({ seq: said, type: 'request', ...message });
    child.stdin.write(`Content-Length: ${text.length}\r\n\r\n${text}`);
  };
  child.stdin.on('error', () => {});
  const left = [...SAID];
  const answer = () => {
    while (left.length > 0 && heard.includes(left[0][0])) {
      say(left.shift()[1]);
      if (left.length === SAID.length - 1) say(attach);
    }
    if (left.length === 0) child.stdin.end();
  };
  child.stdout.on('data', (data) => {
    heard += data;
    answer();
  });
  answer();
  await new Promise((resolve) => child.on('close', resolve).on('error', resolve));
  if (existsSync(fresh)) renameSync(fresh, kept);
  else rmSync(kept, { force: true });
}

const loadedLate = {
  name: 'loaded late',
  setup(build) {
    build.onResolve({ filter: /^\./ }, ({ kind, resolveDir, path }) => {
      const name = LATE[relative(join(here, 'src'), join(resolveDir, path))];
      return kind === 'dynamic-import' && name ? { path: `./${name}.js`, external: true } : undefined;
    });
  },
};

/** What ssh2 has beside a client, a third of it: servers, file transfer, agents of HTTP, new keys. Nothing here asks for any of them. */
const clientAlone = {
  name: 'client alone',
  setup(build) {
    const unneeded = /\/(?:server|http-agents|keygen|SFTP)\.js$/;
    build.onLoad({ filter: /ssh2\/lib\/.*\.js$/ }, ({ path }) =>
      unneeded.test(path) ? { contents: 'module.exports = {};' } : undefined,
    );
  },
};

/** The one WebAssembly module that a script of a package holds as text. */
function moduleInside(script) {
  const [, inside] = /data:application\/wasm;base64,([A-Za-z0-9+/=]+)/.exec(
    readFileSync(join(here, script), 'latin1'),
  );
  return Buffer.from(inside, 'base64');
}

async function bundle(watch) {
  const esbuild = await import('esbuild');
  mkdirSync(dist, { recursive: true });
  copyFileSync(join(here, 'node_modules/gecko-profiler-demangle/index_bg.wasm'), join(dist, 'demangle.wasm'));
  writeFileSync(
    join(dist, 'xz.wasm'),
    moduleInside('node_modules/xz-decompress/dist/package/xz-decompress.min.js'),
  );
  for (const { name, entry, options } of bundles()) {
    const outfile = join(dist, `${name}.js`);
    const settings = {
      absWorkingDir: here,
      entryPoints: [entry],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      target: 'node20',
      // A quarter smaller when packed. Source maps, which are not shipped, give stacks their names back.
      minify: true,
      sourcemap: 'linked',
      // ssh2 works without its native parts and looks for them at run time.
      external: ['vscode', 'cpu-features', '*.node'],
      // A script that is compiled ahead can only require.
      supported: { 'dynamic-import': false },
      plugins: [loadedLate, clientAlone],
      define: { VERSION: JSON.stringify(version) },
      logLevel: 'warning',
      ...options,
    };
    if (watch) await (await esbuild.context(settings)).watch();
    else await esbuild.build(settings);
    if (options.banner?.js.startsWith('#!') && !watch) chmodSync(outfile, 0o755);
  }
  await page(esbuild, watch);
  // The engine tells sources apart by their length alone: what watching builds must not meet an older result.
  if (watch) rmSync(join(dist, 'main.cache'), { force: true });
  else await compileAhead();
}

/** The timeline's page runs in the editor's browser. */
async function page(esbuild, watch) {
  copyFileSync(join(here, 'webview/timeline.css'), join(dist, 'timeline.css'));
  const settings = {
    entryPoints: [join(here, 'webview/timeline.ts')],
    outfile: join(dist, 'timeline.js'),
    bundle: true,
    platform: 'browser',
    format: 'iife',
    target: 'chrome120',
    minify: true,
    keepNames: true,
    sourcemap: 'linked',
    logLevel: 'warning',
  };
  if (watch) await (await esbuild.context(settings)).watch();
  else await esbuild.build(settings);
}

async function main(args) {
  const at = args.indexOf('--probe-arch');
  const arch = at < 0 ? process.arch : args[at + 1];
  if (!['x64', 'arm64'].includes(arch))
    throw new BuildError(`The probe is built for x64 and arm64, not ${arch}.`);
  if (process.platform === 'linux' || at >= 0) buildProbe(arch);
  if (!args.includes('--probe-only') && at < 0) await bundle(args.includes('--watch'));
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  main(process.argv.slice(2)).catch((error) => {
    process.stderr.write(`${error instanceof BuildError || error.errors ? error.message : error.stack}\n`);
    process.exitCode = 1;
  });
}
