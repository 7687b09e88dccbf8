// Builds what is shipped: dist/cli.js with dist/cli.main.js, dist/adapter.js with dist/adapter.main.js, dist/extension.js,
// dist/ssh.js, dist/links.js with dist/demangle.wasm and dist/xz.wasm, dist/timeline.js with its style, and the probe.
//     node esbuild.mjs [--watch] [--probe-only] [--probe-arch x64|arm64]
import { spawnSync } from 'node:child_process';
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
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, 'dist');
const { version } = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8'));

const modified = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

class BuildError extends Error {}

/** The compiler for `arch`, or undefined where none is installed. */
function compilerFor(arch) {
  const cross = { x64: 'x86_64-linux-gnu-gcc', arm64: 'aarch64-linux-gnu-gcc' }[arch];
  const candidates = arch === process.arch ? [process.env.CC, 'cc', 'gcc', 'clang'] : [cross];
  return candidates.find((name) => name && !spawnSync(name, ['--version'], { stdio: 'ignore' }).error);
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
  const compiler = compilerFor(arch);
  if (!compiler) throw new BuildError(missingCompiler(arch));
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
  const compile = (...more) => spawnSync(compiler, [...more, ...flags], { encoding: 'utf8' });
  let run = compile('-static', '-s');
  // Without a static C library it still runs on machines like this one.
  if (run.status !== 0 && /-lc\b|libc\.a/.test(run.stderr)) run = compile('-s');
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
  const command = (program) => ({
    banner: { js: '#!/usr/bin/env node' },
    define: { PROGRAM: JSON.stringify(program) },
  });
  const wrapped = {
    banner: { js: '(function (module, require, __filename, __dirname) { var exports = module.exports;' },
    footer: { js: '})' },
  };
  const all = [
    { name: 'cli', from: 'cli/start.ts', options: command('cli') },
    { name: 'cli.main', from: 'cli.ts', options: wrapped },
    { name: 'adapter', from: 'cli/start.ts', options: command('adapter') },
    { name: 'adapter.main', from: 'adapter.ts', options: wrapped },
    { name: 'extension', from: 'extension.ts', options: {} },
    ...Object.entries(LATE).map(([from, name]) => ({ name, from: `${from}.ts`, options: {} })),
    { name: 'kernelIndexer', from: 'kernelIndexer.ts', options: {} },
  ];
  return all
    .map(({ name, from, options }) => ({ name, entry: join(here, 'src', from), options }))
    .filter(({ entry }) => existsSync(entry));
}

/** Programs that are compiled ahead. */
const AHEAD = ['cli.main', 'adapter.main'];

/**
 * Compiles every function of a program ahead, for the version of Node that runs this; src/cli/start.ts hands it to the engine. What
 * the engine thinks of its flags is part of the result, so they are put back before it is made.
 */
function compileAhead(name) {
  const filename = join(dist, `${name}.js`);
  setFlagsFromString('--no-lazy');
  const script = new Script(readFileSync(filename, 'utf8'), { filename });
  setFlagsFromString('--lazy');
  writeFileSync(join(dist, `${name}.cache`), script.createCachedData());
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
      entryPoints: [entry],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      target: 'node20',
      // Makes the bundles a fifth smaller; names stay, for the stacks of errors.
      minifyWhitespace: true,
      sourcemap: 'linked',
      // ssh2 works without its native parts and looks for them at run time.
      external: ['vscode', 'cpu-features', '*.node'],
      // A script that is compiled ahead can only require.
      supported: { 'dynamic-import': false },
      plugins: [loadedLate],
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
  for (const name of AHEAD)
    if (watch) rmSync(join(dist, `${name}.cache`), { force: true });
    else compileAhead(name);
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
