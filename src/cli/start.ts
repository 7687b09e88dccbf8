import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Script } from 'node:vm';

/**
 * dist/cli.js: runs the command line, dist/cli.main.js, with the code that the build compiled ahead for its own version of
 * Node (esbuild.mjs). Another version takes no notice of it and compiles as usual, which costs some 10 ms.
 */
const file = join(__dirname, 'cli.main.js');
const compiled = read(join(__dirname, 'cli.main.cache'));
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
