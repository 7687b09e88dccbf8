import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const shipped = readFileSync(join(root, 'THIRD-PARTY-NOTICES.md'), 'utf8');
const load = async <T>(script: string) => (await import(pathToFileURL(join(root, script)).href)) as T;
/** Packages that have a section, with their versions. */
const told = new Map(
  [...shipped.matchAll(/^## (\S+) (\d\S*)$/gm)].map(([, name, version]) => [name, version]),
);

describe('the third-party notices', () => {
  it('are what node_modules holds now: npm run notices:rewrite', async () => {
    const { notices } = await load<{ notices(): string }>('notices.mjs');
    expect(shipped).toBe(notices());
  });

  it('tell of every package that is bundled, and of the demangler that is copied', async () => {
    const { bundles } = await load<{ bundles(): readonly { entry: string }[] }>('esbuild.mjs');
    const { metafile } = await build({
      entryPoints: bundles().map(({ entry }) => entry),
      outdir: 'never written',
      write: false,
      metafile: true,
      bundle: true,
      platform: 'node',
      external: ['vscode', 'cpu-features', '*.node'],
      logLevel: 'silent',
    });
    const packages = Object.keys(metafile.inputs).flatMap(
      (file) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? [],
    );
    expect(packages).toContain('ssh2');
    for (const name of new Set([...packages, 'gecko-profiler-demangle']))
      expect([...told.keys()]).toContain(name);
  });

  it('have the versions of package.json and the text of a licence for each', () => {
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    for (const [name, version] of Object.entries(dependencies)) expect(told.get(name)).toBe(version);
    const sections = shipped.split(/^## /m).slice(1);
    expect(sections.length).toBe(told.size + 2);
    for (const section of sections) expect(section).toMatch(/copyright|apache|unlicense|public domain|LGPL/i);
  });

  it('are part of what is packed', () => {
    expect(readFileSync(join(root, '.vscodeignore'), 'utf8').split('\n')).toContain(
      '!THIRD-PARTY-NOTICES.md',
    );
  });
});

it('the picture of the README is small: everybody who installs the extension fetches it', () => {
  const picture = readFileSync(join(root, 'media/inspect.png'));
  expect(picture.length).toBeLessThan(200_000);
  // A palette, eight bits: IHDR.
  expect([picture.toString('latin1', 12, 16), picture[24], picture[25]]).toEqual(['IHDR', 8, 3]);
});
