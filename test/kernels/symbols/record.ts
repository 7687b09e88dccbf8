import { readFileSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { KERNEL_FUNCTIONS } from '../../../src/explain/functions/table';
import { plainName } from '../../../src/ring/issueFunctions';
import { CHECKOUT } from '../../real/support/programs';
import { VERSIONS } from '../support/kernels';
import { functionsOfDebian } from './debian';
import { elsewhere } from './elsewhere';
import { writeFound } from './found';

/** Names as this machine's kernel has them; its modules' only where they are loaded. */
function functionsHere(): ReadonlySet<string> {
  const lines = readFileSync('/proc/kallsyms', 'utf8').split('\n');
  return new Set(lines.map((line) => line.split(/\s/)[2] ?? ''));
}

const kernels = new Map<string, ReadonlySet<string>>();
for (const version of VERSIONS) kernels.set(version, plain(functionsOfDebian(version)));
kernels.set(/^\d+\.\d+/.exec(release())?.[0] ?? release(), plain(functionsHere()));

function plain(names: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...names].map(plainName));
}

const versions = [...kernels.keys()].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
const found = new Map<string, readonly string[]>();
for (const name of KERNEL_FUNCTIONS.flatMap(({ names }) => names)) {
  const where = versions.filter((version) => kernels.get(version)?.has(name));
  found.set(name, where.length > 0 ? where : elsewhere(name));
}
writeFileSync(join(CHECKOUT, 'test/unit/explain/functionNames.txt'), writeFound(found));

const missing = [...found].filter(([, where]) => where.length === 0).map(([name]) => name);
console.log(`${found.size} names; nowhere: ${missing.join(' ') || 'none'}`);
