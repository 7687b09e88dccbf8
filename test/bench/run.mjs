// npm run bench [-- --smoke] [-- big|typical|pending|sampling|stacks|ssh|fio|lines|timeline|debug|activation …]: measures and prints; a benchmark is not a test.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { build as buildPrograms } from '../victims/build.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const outfile = path.join(root, '.cache/bench/bench.mjs');

buildPrograms(path.join(root, '.cache/victims'), ['crowd', 'readproc']);
const product = spawnSync(process.execPath, ['esbuild.mjs'], { cwd: root, stdio: 'inherit' });
if (product.status !== 0) process.exit(1);
await build({
  entryPoints: [path.join(root, 'test/bench/main.ts')],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  logLevel: 'warning',
  // ssh2 is CommonJS and looks for its native parts, which it can do without, at run time.
  external: ['*.node', 'cpu-features', 'playwright-core'],
  banner: {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url), __dirname = '';",
  },
});
const run = spawnSync(process.execPath, [outfile, ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' });
process.exit(run.status ?? 1);
