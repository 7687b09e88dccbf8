// Runs the inspector against other kernels, each booted in an emulator (Debian's packages; downloads 15 to 40 MB each,
// once):
//     node test/kernels/run.mjs [VERSION…]    versions: 5.10 6.1 6.12 7.2; all of them where none is named
import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const VERSIONS = ['5.10', '6.1', '6.12', '7.2'];
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const wanted = process.argv.slice(2);
const unknown = wanted.filter((version) => !VERSIONS.includes(version));
if (unknown.length > 0) {
  process.stderr.write(`No such kernel: ${unknown.join(', ')}. There are: ${VERSIONS.join(', ')}\n`);
  process.exit(1);
}

const vitest = path.join(root, 'node_modules/.bin/vitest');
const kernels = (wanted.length > 0 ? wanted : VERSIONS).join(' ');
const child = spawn(
  vitest,
  ['run', '--project', 'kernels', '--reporter=default', '--reporter=./test/reporter.ts'],
  { cwd: root, stdio: 'inherit', env: { ...process.env, KERNELS: kernels } },
);
child.on('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
child.on('close', (code) => {
  process.exitCode = code ?? 1;
});
