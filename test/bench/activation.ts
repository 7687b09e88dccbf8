import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CHECKOUT } from '../real/support/programs';
import { type Benchmark, median, milliseconds, Skipped } from './figures';

const GOAL = 50;

/** Time a new process takes to load dist/main.js and activate it, with an editor that only pretends. */
export const activation: Benchmark = async ({ rounds }) => {
  const bundle = join(CHECKOUT, 'dist/main.js');
  if (!existsSync(bundle)) throw new Skipped('needs dist/main.js (npm run build)');
  const figures: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const run = spawnSync(process.execPath, ['-e', activate, bundle, CHECKOUT], { encoding: 'utf8' });
    if (run.status !== 0) throw new Error(`activate() failed: ${run.stderr}`);
    figures.push(Number(run.stdout.split('\n').at(-2)));
  }
  const value = median(figures);
  return [
    {
      name: 'require dist/main.js and activate()',
      value: milliseconds(value),
      goal: `< ${GOAL} ms`,
      met: value < GOAL,
    },
  ];
};

/**
 * Runs in a process of its own. Everything of the editor's API is one object that can be called, constructed and
 * asked for anything, and answers itself.
 */
const activate = `
const Module = require('node:module');
const anything = new Proxy(function () {}, {
  get: (_, key) => (key === Symbol.toPrimitive ? () => '' : key === 'then' || key === 'activeDebugSession' ? undefined
    : key === Symbol.iterator ? function* () {} : anything),
  apply: () => anything,
  construct: () => anything,
});
class Base { static from() { return new Base(); } dispose() {} fire() {} get event() { return () => anything; } }
const bases = { EventEmitter: Base, TreeItem: Base, Disposable: Base, MarkdownString: Base, ThemeIcon: Base,
  ThemeColor: Base, CancellationTokenSource: Base };
// A bundle copies a module's own names: what it does not find is looked up in the prototype.
const editor = Object.create(new Proxy(bases, { get: (own, key) => own[key] ?? anything }));
const load = Module._load;
Module._load = function (name, ...rest) { return name === 'vscode' ? editor : load.call(this, name, ...rest); };
const [bundle, folder] = process.argv.slice(1);
const memento = { get: (_, fallback) => fallback, update: async () => {}, keys: () => [] };
const context = { subscriptions: [], extensionPath: folder, extensionUri: anything, globalState: memento,
  workspaceState: memento, globalStorageUri: anything, storageUri: anything, extension: anything,
  extensionMode: 1, asAbsolutePath: (path) => folder + '/' + path, secrets: anything };
const start = performance.now();
const extension = require(bundle);
Promise.resolve(extension.activate(context)).then(() => {
  console.log(performance.now() - start);
  process.exit(0);
});
`;
