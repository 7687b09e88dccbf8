import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Script } from 'node:vm';

/** What this file is called, so what it starts. */
declare const PROGRAM: 'cli' | 'adapter';

/**
 * dist/cli.js and dist/adapter.js: runs the command line, dist/cli.main.js, or the debug adapter, dist/adapter.main.js, with the code
 * that the build compiled ahead for its own version of Node (esbuild.mjs). Another version takes no notice of it and compiles as
 * usual, which costs some 10 ms.
 */
const name = process.argv[2] === 'dap' ? 'adapter' : PROGRAM;
const file = join(__dirname, `${name}.main.js`);
const compiled = read(join(__dirname, `${name}.main.cache`));
const script = new Script(readFileSync(file, 'utf8'), {
  filename: file,
  ...(compiled === undefined ? {} : { cachedData: compiled }),
});
const main = script.runInThisContext() as (
  module: object,
  load: NodeJS.Require,
  file: string,
  folder: string,
) => void;
main({ exports: {} }, createRequire(file), file, __dirname);

function read(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
