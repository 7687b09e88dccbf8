import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KERNEL_FUNCTIONS } from '../../../src/explain/functions/table';
import { readFound } from '../../kernels/symbols/found';

/** Written by `npm run functions:record` from the symbols of real kernels. */
const FOUND = readFound(readFileSync(join(__dirname, 'functionNames.txt'), 'utf8'));

const NAMES = new Set(KERNEL_FUNCTIONS.flatMap(({ names }) => names));

describe('the names of the table', () => {
  it('are functions of a real kernel, or say where else they are', () => {
    expect([...NAMES].filter((name) => !FOUND.get(name)?.length)).toEqual([]);
  });

  it('are those that were looked for', () => {
    expect([...FOUND.keys()].filter((name) => !NAMES.has(name))).toEqual([]);
  });
});
