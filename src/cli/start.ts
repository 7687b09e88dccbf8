import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Script } from 'node:vm';
import type * as Main from '../main';

/**
 * dist/cli.js: runs the command line or the debug adapter of dist/main.js, with the code that the build compiled ahead for its own version of
 * Node (esbuild.mjs). Another version takes no notice of it and compiles as usual, which costs some 10 ms.
 */
const file = join(__dirname, 'main.js');
const compiled = read(join(__dirname, 'main.cache'));
const script = new Script(asFunction(readFileSync(file, 'utf8')), {
  filename: file,
  ...(compiled === undefined ? {} : { cachedData: compiled }),
});
const load = script.runInThisContext() as (
  module: object,
  exports: object,
  load: NodeJS.Require,
  file: string,
  folder: string,
) => void;
const module = { exports: {} as Pick<typeof Main, 'runAdapter' | 'runCommandLine'> };
load(module, module.exports, createRequire(file), file, __dirname);
const [, , word, ...rest] = process.argv;
void (word === 'dap' ? module.exports.runAdapter(rest) : module.exports.runCommandLine());

/** What Node makes of a module before it runs it. The build compiles the same. */
function asFunction(text: string): string {
  return `(function (module, exports, require, __filename, __dirname) {${text}\n})`;
}

function read(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
