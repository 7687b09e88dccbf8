// node man.mjs writes man/ and completions/ anew, from the options of the command line.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, parse, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const PAGES = join(here, 'media/findings');
const BUNDLE = join(here, '.cache/manual.mjs');

/** The first heading of each finding's page. */
function titles() {
  const titleOf = (file) => /^# (.+)$/m.exec(readFileSync(join(PAGES, file), 'utf8'))?.[1];
  return Object.fromEntries(readdirSync(PAGES).map((file) => [parse(file).name, titleOf(file)]));
}

/** Text by path below the checkout. */
export async function documents() {
  await build({
    absWorkingDir: here,
    entryPoints: ['src/cli/manual/manual.ts'],
    outfile: BUNDLE,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  });
  const { version } = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8'));
  return (await import(pathToFileURL(BUNDLE).href)).documents({ version, titles: titles() });
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  for (const [path, text] of await documents()) {
    mkdirSync(dirname(join(here, path)), { recursive: true });
    writeFileSync(join(here, path), text);
  }
}
