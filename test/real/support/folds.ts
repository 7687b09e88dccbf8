import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeFolded, decodeRecords, encodeFold } from '../../../src/probe/foldWire';
import type { FoldAsked, TraceDrained } from '../../../src/target/tracing';
import { CHECKOUT } from './programs';
import { toReleaseByShell } from './releases';

/** Pages of one drain; all that is older than `began` is in them, or in those before. */
export interface Batch {
  readonly began: bigint;
  readonly pages: readonly Buffer[];
}

/** Compiles folds.c; the program's path. */
export function foldsProgram(): string {
  const folder = mkdtempSync(join(tmpdir(), 'inspect-folds-'));
  toReleaseByShell(`rm -rf '${folder}'`);
  const program = join(folder, 'folds');
  const source = join(CHECKOUT, 'test/real/support/folds.c');
  const flags = ['-std=gnu11', '-O1', '-Wall', '-Wextra', '-Wno-unused-function'];
  const run = spawnSync(process.env['CC'] ?? 'cc', [...flags, '-o', program, source], { encoding: 'utf8' });
  if (run.status !== 0 || run.stderr) throw new Error(run.error?.message ?? run.stderr);
  return program;
}

/** What the probe would tell of these batches. */
export function folded(program: string, asked: FoldAsked, batches: readonly Batch[]): TraceDrained[] {
  const spec = encodeFold(asked);
  const input = [u32(spec.length), spec, ...batches.flatMap(bytesOf)];
  const run = spawnSync(program, { input: Buffer.concat(input), maxBuffer: 256 << 20 });
  if (run.status !== 0) throw new Error(`folds has ended with ${run.status ?? run.signal}`);
  let at = 0;
  const next = (): Buffer => {
    const length = run.stdout.readUInt32LE(at);
    at += 4 + length;
    return run.stdout.subarray(at - length, at);
  };
  return batches.map(({ began, pages }) => {
    const isFolded = run.stdout.readUInt32LE(at) === 1;
    at += 4;
    const same = { began, stacks: [], more: false };
    return isFolded
      ? { ...same, pages: [], records: decodeRecords(next()), folded: [decodeFolded(next())] }
      : { ...same, pages: pages.map((data, cpu) => ({ cpu, data })) };
  });
}

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

function bytesOf({ began, pages }: Batch): Buffer[] {
  const safe = Buffer.alloc(8);
  safe.writeBigUInt64LE(began);
  return [safe, u32(pages.length), ...pages.flatMap((page) => [u32(page.length), page])];
}
