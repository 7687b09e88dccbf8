// The faults that are seeded: one line of a parser or a rule, changed as a hand slips.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const ROOMS = ['src/procfs', 'src/ring', 'src/kernel', 'src/explain/rules'];
/** Who asks the rules. */
const ASKING = ['src/explain/explain.ts', 'src/explain/traced.ts'];

/** What a slip turns into what; each is tried once a line, at the first place. */
const SLIPS = [
  { kind: 'comparison', from: / === /, to: ' !== ' },
  { kind: 'comparison', from: / !== /, to: ' === ' },
  { kind: 'bound', from: / < /, to: ' <= ' },
  { kind: 'bound', from: / > /, to: ' >= ' },
  { kind: 'bound', from: / <= /, to: ' < ' },
  { kind: 'bound', from: / >= /, to: ' > ' },
  { kind: 'condition', from: / && /, to: ' || ' },
  { kind: 'condition', from: / \|\| /, to: ' && ' },
  { kind: 'condition', from: /\bif \(!/, to: 'if (' },
  { kind: 'verdict', from: /\breturn true;/, to: 'return false;' },
  { kind: 'verdict', from: /\breturn false;/, to: 'return true;' },
  { kind: 'verdict', from: /\breturn 'look again';/, to: 'return [];' },
  { kind: 'offset', from: /(\.read\w+\([^()]*?)(\d+)\)/, to: (_, call, at) => `${call}${Number(at) + 4})` },
  { kind: 'offset', from: /( [+-] )(\d+)(?=[\s);,\]])/, to: (_, sign, by) => `${sign}${Number(by) + 1}` },
  {
    kind: 'offset',
    from: /(: |= |\[)(0x[0-9a-f]+|\d+)(?=[,;\]])/,
    to: (_, before, at) => `${before}${Number(at) + 1}`,
  },
];

/** A comment, an import, a type or a sentence is no place for a fault. */
const isCode = (line) => !/^\s*(\/\/|\/?\*|import |export type |type |readonly |\||`|')/.test(line);

function filesBelow(root, folder) {
  return readdirSync(path.join(root, folder), { recursive: true })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => path.join(folder, name))
    .sort();
}

/** Words of the tests that are nearest to a module: what imports it, or has the tag of the rule in it. */
function wordsOf(root, module) {
  const tag = /\btag: '([\w-]+)'/.exec(readFileSync(path.join(root, module), 'utf8'))?.[1];
  return [`/${module.replace(/^src\//, '').replace(/\.ts$/, '')}'`, ...(tag ? [`'${tag}'`] : [])];
}

/** The lists of rules without one of them, each. */
function droppedRules(root, file) {
  const source = readFileSync(path.join(root, file), 'utf8');
  const lists = source.indexOf('\nconst RULES');
  return [...source.matchAll(/^import \{ (\w+) \} from '\.\/rules\/.*$/gm)].map(([, name]) => {
    const listed = new RegExp(`\\b${name}\\b,?`);
    const at = lists + source.slice(lists).search(listed);
    const text = source.slice(0, at) + source.slice(at).replace(listed, '');
    const line = source.slice(0, at).split('\n').length;
    const words = wordsOf(root, `src/explain/rules/${name}.ts`);
    return { kind: 'rule', file, line, before: name, after: `no ${name}`, words, text };
  });
}

function slips(root, file) {
  const lines = readFileSync(path.join(root, file), 'utf8').split('\n');
  const words = wordsOf(root, file);
  const found = [];
  for (const [index, line] of lines.entries()) {
    if (!isCode(line)) continue;
    for (const { kind, from, to } of SLIPS) {
      const slipped = line.replace(from, to);
      if (slipped === line) continue;
      const text = lines.with(index, slipped).join('\n');
      found.push({ kind, file, line: index + 1, before: line.trim(), after: slipped.trim(), words, text });
    }
  }
  return found;
}

/** Stays the same while the line does, wherever in the file it moves. */
const orderOf = ({ kind, file, before, after }) =>
  createHash('sha1').update(`${kind}\0${file}\0${before}\0${after}`).digest('hex');

/** Every fault: the dropped rules first, the others in an order that is random, and always the same. */
export function faults(root) {
  const slipped = ROOMS.flatMap((room) => filesBelow(root, room)).flatMap((file) => slips(root, file));
  const keyed = slipped.map((one) => [orderOf(one), one]);
  keyed.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return [...ASKING.flatMap((file) => droppedRules(root, file)), ...keyed.map(([, one]) => one)];
}
