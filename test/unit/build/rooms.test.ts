import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../../..');
/** From the lowest to the highest. */
const ROOMS = [
  ...['model', 'probe', 'target', 'procfs', 'ring', 'kernel', 'trace'],
  ...['source', 'sample', 'explain', 'inspect', 'debug', 'views'],
];

const folders: string[] = [];
/** Files, and what each imports. */
const planted = new Map<string, string>();
let told = '';

function plant(folder: string, imports: readonly string[]): void {
  const made = mkdtempSync(join(root, folder, 'rooms-'));
  folders.push(made);
  for (const [index, name] of imports.entries()) {
    const file = join(made, `breaks${index}.ts`);
    writeFileSync(file, `import * as wrong from '${name}';\n\nexport const told = wrong;\n`);
    planted.set(file, name);
  }
}

beforeAll(() => {
  for (const [index, room] of ROOMS.entries()) {
    const higher = ROOMS.slice(index + 1).map((one) => `../../${one}/anything`);
    const doors = [...(room === 'views' ? [] : ['vscode']), '../../extension', '../../cli'];
    const outside = ['probe', 'target', 'views'].includes(room) ? [] : ['node:fs'];
    plant(join('src', room), [...higher, ...doors, ...outside]);
  }
  const below = ROOMS.filter((room) => room !== 'model').map((room) => `../../src/${room}/anything`);
  plant('webview', [...below, 'vscode', 'node:fs']);
  plant('src/views', ['../../model/anything', 'vscode', 'node:fs']);
  plant('webview', ['../../src/model/anything']);
  const biome = join(root, 'node_modules/.bin/biome');
  const args = ['lint', '--only=style/noRestrictedImports', '--max-diagnostics=none', '--reporter=json'];
  told = spawnSync(biome, [...args, ...folders], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 }).stdout;
});
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** The imports that were told, or were not, by the folder of who imports. */
const imports = (wanted: boolean) =>
  [...planted]
    .filter(([file]) => told.includes(file.slice(root.length + 1)) === wanted)
    .map(([file, name]) => `${file.slice(root.length + 1).replace(/\/rooms-.*/, '')}: ${name}`);

it('a room that imports a higher one, and a page that imports more than the vocabulary, fail the lint', () => {
  expect(imports(true).length).toBeGreaterThan(100);
  // What is allowed, and nothing else.
  expect(imports(false)).toEqual([
    'src/views: ../../model/anything',
    'src/views: vscode',
    'src/views: node:fs',
    'webview: ../../src/model/anything',
  ]);
});
