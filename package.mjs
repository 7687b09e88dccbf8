// npm run package [-- --out FILE]: builds everything and writes one VSIX with the probes of x64 and arm64. The same sources and
// compilers give the same bytes, wherever they lie; its dates are SOURCE_DATE_EPOCH, else that of the last commit.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { contentTypes, vsixManifest, zip } from './vsix.mjs';

const here = dirname(fileURLToPath(import.meta.url));
/** Of package.json, only for those who build. */
const FOR_BUILDERS = ['scripts', 'dependencies', 'devDependencies', 'private'];

/** The files that .vscodeignore lets through: it forbids all and then names what is packed (`*` within a folder, `**` below). */
export function packedFiles() {
  const lines = readFileSync(join(here, '.vscodeignore'), 'utf8').split('\n').filter(Boolean);
  const named = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
  if (lines[0] !== '**' || named.length !== lines.length - 1)
    throw new Error('.vscodeignore is to forbid ** and then allow, line by line.');
  return named.flatMap((pattern) => {
    const found = below(pattern);
    if (found.length === 0) throw new Error(`.vscodeignore names ${pattern}, and there is none.`);
    return found;
  });
}

function below(pattern) {
  const [fixed] = /^[^*]*(?=\/[^/]*\*)|^[^*]+$/.exec(pattern) ?? [''];
  const escaped = pattern.replace(/[.+?()[\]]/g, '\\$&');
  const form = new RegExp(`^${escaped.replace(/\*+/g, (stars) => (stars === '*' ? '[^/]*' : '.*'))}$`);
  const walk = (path) => {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found?.isDirectory()) return readdirSync(path).flatMap((name) => walk(join(path, name)));
    return found ? [relative(here, path)] : [];
  };
  return walk(join(here, fixed)).filter((name) => form.test(name));
}

/** Milliseconds since 1970. */
function dateOfBuild() {
  const told = process.env.SOURCE_DATE_EPOCH ?? git('log', '-1', '--format=%ct');
  if (!/^\d+$/.test(told)) throw new Error(`SOURCE_DATE_EPOCH is to be seconds, not "${told}".`);
  return new Date(Number(told) * 1000);
}

function git(...args) {
  const { status, stdout } = spawnSync('git', args, { cwd: here, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : '0';
}

function build(...args) {
  const { status } = spawnSync(process.execPath, [join(here, 'esbuild.mjs'), ...args], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

/** A file as it is; JSON without what makes it good to read. */
function packedBytes(name) {
  const bytes = readFileSync(join(here, name));
  return name.endsWith('.json') ? Buffer.from(JSON.stringify(JSON.parse(bytes.toString()))) : bytes;
}

/** What the VSIX consists of, as zip() takes it. */
function contents() {
  const manifest = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8'));
  const shipped = Object.fromEntries(Object.entries(manifest).filter(([key]) => !FOR_BUILDERS.includes(key)));
  const files = packedFiles().map((name) => ({
    name: `extension/${name}`,
    bytes: name === 'package.json' ? Buffer.from(JSON.stringify(shipped)) : packedBytes(name),
    executable: (statSync(join(here, name)).mode & 0o100) !== 0,
  }));
  const words = JSON.parse(readFileSync(join(here, 'package.nls.json'), 'utf8'));
  const description = manifest.description.replace(/^%(.+)%$/, (_, key) => words[key]);
  const told = vsixManifest({ ...manifest, description });
  const own = { name: 'extension.vsixmanifest', bytes: Buffer.from(told) };
  const names = [...files, own].map(({ name }) => name);
  const types = { name: '[Content_Types].xml', bytes: Buffer.from(contentTypes(names)) };
  return { manifest, files: [...files, own, types] };
}

function main() {
  const { values } = parseArgs({ options: { out: { type: 'string' } } });
  build();
  for (const arch of ['x64', 'arm64']) build('--probe-arch', arch);
  const { manifest, files } = contents();
  const out = resolve(values.out ?? join(here, `${manifest.name}-${manifest.version}.vsix`));
  const bytes = zip(files, dateOfBuild());
  writeFileSync(out, bytes);
  process.stdout.write(`${out}: ${files.length} files, ${(bytes.length / 1000).toFixed(0)} kB\n`);
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) main();
