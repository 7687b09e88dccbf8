import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const load = async <T>(script: string) => (await import(pathToFileURL(join(root, script)).href)) as T;
/** Bytes. Of a static program that does nothing, glibc makes 302 kB (x64) and 266 kB (arm64), packed. */
const [MOST, MOST_WITH_GLIBC] = [1_500_000, 1_800_000];
const musl = ['x86_64', 'aarch64'].every((machine) => existsSync(`/usr/lib/${machine}-linux-musl/libc.a`));

/** All that may be in it. */
const ALLOWED = [
  /^\[Content_Types\]\.xml$/,
  /^extension\.vsixmanifest$/,
  /^extension\/(?:package(?:\.nls(?:\.de)?)?\.json|README\.md|CHANGELOG\.md|LICENSE|THIRD-PARTY-NOTICES\.md)$/,
  /^extension\/dist\/(?:main|cli|histograms|links|ssh|kernelIndexer|timeline)\.js$/,
  /^extension\/dist\/(?:timeline\.css|demangle\.wasm|xz\.wasm)$/,
  /^extension\/dist\/probe\/linux-(?:x64|arm64)\/io-uring-probe$/,
  /^extension\/l10n\/bundle\.l10n\.de\.json$/,
  /^extension\/media\/(?:icon\.png|inspect\.png|debug\.png|activity\.svg)$/,
  /^extension\/media\/(?:marks|walkthrough)\/[\w-]+\.svg$/,
  /^extension\/media\/findings\/[\w-]+\.md$/,
];

interface Entry {
  readonly name: string;
  readonly mode: number;
  readonly bytes: Buffer;
}

/** What a zip's own directory says it holds. */
function entriesOf(zip: Buffer): readonly Entry[] {
  const end = zip.lastIndexOf('PK\x05\x06', undefined, 'latin1');
  const found: Entry[] = [];
  for (let at = zip.readUInt32LE(end + 16); at < end; ) {
    const length = zip.readUInt16LE(at + 28);
    const local = zip.readUInt32LE(at + 42);
    const data = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    found.push({
      name: zip.toString('utf8', at + 46, at + 46 + length),
      mode: zip.readUInt32LE(at + 38) >>> 16,
      bytes: inflateRawSync(zip.subarray(data, data + zip.readUInt32LE(at + 20))),
    });
    at += 46 + length + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  expect(found.length).toBe(zip.readUInt16LE(end + 10));
  return found;
}

const scratch = mkdtempSync(join(tmpdir(), 'inspector-vsix-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function packaged(folder: string, name: string): Buffer {
  const out = join(scratch, name);
  const { status, stderr } = spawnSync(process.execPath, ['package.mjs', '--out', out], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, SOURCE_DATE_EPOCH: '1700000001', TZ: name === 'second' ? 'Asia/Tokyo' : 'UTC' },
  });
  if (status !== 0) throw new Error(stderr);
  return readFileSync(out);
}

/** The sources and nothing else, in another folder. */
function copied(): string {
  const copy = join(scratch, 'elsewhere');
  const files = spawnSync('git', ['ls-files', '-co', '--exclude-standard', '--', ':!test'], {
    cwd: root,
    encoding: 'utf8',
  });
  for (const name of files.stdout.split('\n').filter(Boolean)) {
    if (name === 'node_modules') continue;
    mkdirSync(dirname(join(copy, name)), { recursive: true });
    cpSync(join(root, name), join(copy, name), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

const cross = spawnSync(
  process.arch === 'arm64' ? 'x86_64-linux-gnu-gcc' : 'aarch64-linux-gnu-gcc',
  ['--version'],
  { stdio: 'ignore' },
);

describe.skipIf(cross.error)('the package (needs the compiler for the other architecture)', () => {
  let vsix: Buffer = Buffer.alloc(0);
  let entries: readonly Entry[] = [];
  beforeAll(() => {
    vsix = packaged(copied(), 'first');
    entries = entriesOf(vsix);
  }, 180_000);
  const text = (name: string) => entries.find((entry) => entry.name === name)?.bytes.toString() ?? '';

  it('holds what is on the list, all of it, and is small', () => {
    const names = entries.map(({ name }) => name);
    expect(names.filter((name) => !ALLOWED.some((allowed) => allowed.test(name)))).toEqual([]);
    for (const allowed of ALLOWED) expect(names.filter((name) => allowed.test(name))).not.toEqual([]);
    expect(names).toEqual([...new Set(names)].sort());
    expect(vsix.length).toBeLessThan(musl ? MOST : MOST_WITH_GLIBC);
  });

  it('has a probe for each architecture, which may be run, as nothing but the command line may', () => {
    const runs = entries.filter(({ mode }) => mode & 0o111);
    expect(runs.map(({ name }) => name)).toEqual([
      'extension/dist/cli.js',
      'extension/dist/probe/linux-arm64/io-uring-probe',
      'extension/dist/probe/linux-x64/io-uring-probe',
    ]);
    // e_machine of ELF: EM_AARCH64, EM_X86_64.
    expect(runs.slice(1).map(({ bytes }) => bytes.readUInt16LE(18))).toEqual([183, 62]);
    for (const { bytes } of runs.slice(1)) expect(bytes.includes('/ld-linux')).toBe(false);
  });

  it('names in its manifests files that it has', () => {
    const names = new Set(entries.map(({ name }) => name));
    const manifest = JSON.parse(text('extension/package.json'));
    const told = [...text('extension.vsixmanifest').matchAll(/(?:Path="|<License>|<Icon>)([^"<]+)/g)];
    expect(told.length).toBe(7);
    for (const [, path = ''] of told) expect(names).toContain(path);
    for (const path of [manifest.main, manifest.icon, manifest.bin['inspect-io-uring']])
      expect(names).toContain(join('extension', path));
    for (const match of JSON.stringify(manifest).matchAll(/"(media\/[^"]+)"/g))
      expect(names).toContain(`extension/${match[1]}`);
    expect(Object.keys(manifest)).not.toContain('devDependencies');
    for (const ending of ['js', 'md', 'png', 'svg', 'wasm'])
      expect(text('[Content_Types].xml')).toContain(`Extension=".${ending}"`);
  });

  it('is the same, byte for byte, from another folder and in another time zone', () => {
    const second = packaged(root, 'second');
    const differing = entriesOf(second).filter(({ name, bytes }, index) => {
      const first = entries[index];
      return first?.name !== name || !first.bytes.equals(bytes);
    });
    expect(differing.map(({ name }) => name)).toEqual([]);
    expect(second.equals(vsix)).toBe(true);
  }, 180_000);
});

it('a zip that others can read: unzip and Python agree', async () => {
  const { zip } = await load<{ zip(files: readonly object[], date: Date): Buffer }>('vsix.mjs');
  const files = [
    { name: 'b/ä.txt', bytes: Buffer.from('x'.repeat(5000)) },
    { name: 'a', bytes: Buffer.alloc(0), executable: true },
  ];
  const made = zip(files, new Date(0));
  expect(entriesOf(made).map(({ name, mode }) => [name, mode.toString(8)])).toEqual([
    ['a', '100755'],
    ['b/ä.txt', '100644'],
  ]);
  expect(entriesOf(made)[1]?.bytes.length).toBe(5000);
  expect(zip([...files].reverse(), new Date(0)).equals(made)).toBe(true);
  const python =
    'import sys,zipfile,io; z=zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read())); print(z.testzip(), z.infolist()[1].date_time[0])';
  const read = spawnSync('python3', ['-c', python], { input: made, encoding: 'utf8' });
  if (!read.error) expect(read.stdout).toBe('None 1980\n');
});
