import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { look } from '../../src/inspect/look';
import type { NameDumps } from '../../src/inspect/traceResult';
import { startTrace } from '../../src/inspect/tracing';
import type { TracedRequest } from '../../src/model/trace';
import { SampleLinker } from '../../src/source/linkSample';
import { withRecordedOrigins } from '../../src/source/recordedOrigins';
import { openLocal } from '../../src/target/local';
import type { ProbeTarget } from '../../src/target/probeTarget';
import { unpack } from '../../src/target/unpack';
import { self } from './support/probe';
import { CHECKOUT } from './support/programs';
import { toReleaseByShell } from './support/releases';
import { skipUnless } from './support/rights';
import { deed, tracingProbe } from './support/tracefs';
import { startVictim } from './support/victim';

let target: ProbeTarget;
let linker: SampleLinker;
const programs = mkdtempSync(join(tmpdir(), 'inspect-traced-'));

beforeAll(async () => {
  toReleaseByShell(`rm -rf '${programs}'`);
  const { build }: { build(directory: string, names: string[], extra: string[]): void } = await import(
    pathToFileURL(join(CHECKOUT, 'test/victims/build.mjs')).href
  );
  build(programs, ['traced'], ['-O2', '-g', '-fomit-frame-pointer']);
  target = await openLocal(await tracingProbe());
  linker = new SampleLinker(target, { unpack });
});
afterAll(() => {
  linker.close();
  target.dispose();
});

const functionsOf = ({ stack = [] }: Pick<TracedRequest, 'stack'>) =>
  stack.map(({ function: name }) => name).filter((name) => !name.startsWith('_'));
const names: NameDumps = (_, of, dumps) => linker.nameDumps(of, dumps);
const callers = ['do_one', 'obey', 'main'];
const submitting = ['syscall', 'ring_enter', 'ring_submit', 'submit_innermost', 'submit_between'];

describe('stacks of submits', () => {
  it('are whole and proven, of an optimised program without frame pointers', async (context) => {
    skipUnless(context, 'root', 'ioUring');
    const victim = await startVictim(context, { ...self, programs }, 'traced', [], { busy: true });
    const trace = await startTrace(target, victim.pid);
    await deed(victim, 'sleep 2 20');
    await deed(victim, 'hold 2');
    const { summary, submits } = await trace.stop(names);
    expect(summary.lost).toEqual({ events: 0, stacks: 0 });
    for (const request of summary.slowest)
      expect(functionsOf(request)).toEqual([...submitting, 'submit_and_wait', ...callers]);
    for (const request of [...summary.oldest, ...submits])
      expect(functionsOf(request)).toEqual([...submitting, ...callers]);
    const all = [...summary.slowest, ...summary.oldest];
    expect(all.map(({ stackNote }) => stackNote)).toEqual(all.map(() => undefined));
    expect(new Set(all.flatMap(({ stack = [] }) => stack.map(({ trust }) => trust)))).toEqual(
      new Set(['proven']),
    );
    expect(submits).toHaveLength(2);
  });

  it('are the origin of the requests that they were taken at', async (context) => {
    skipUnless(context, 'root', 'ioUring', 'kernelMemory');
    const victim = await startVictim(context, { ...self, programs }, 'traced', [], { busy: true });
    await deed(victim, 'hold 1');
    const trace = await startTrace(target, victim.pid);
    await deed(victim, 'hold 2');
    const { submits } = await trace.stop(names);
    const { requests } = withRecordedOrigins(await look(target, victim.pid), submits);
    const inOrder = [...requests].sort((a, b) => Number(a.userData) - Number(b.userData));
    const told = inOrder.map(({ origin }) => origin?.map(({ kind, function: name }) => `${kind} ${name}`));
    const recorded = ['ring_enter', 'ring_submit', 'submit_innermost', 'submit_between', ...callers];
    const expected = recorded.map((name) => `recorded ${name}`);
    expect(told).toEqual([undefined, expected, expected]);
  });

  it('end where what was copied of the stack ends', async (context) => {
    skipUnless(context, 'root', 'ioUring');
    const victim = await startVictim(context, { ...self, programs }, 'traced', [], { busy: true });
    const trace = await startTrace(target, victim.pid, { stackBytes: 128 });
    await deed(victim, 'hold 1');
    const { summary } = await trace.stop(names);
    const [held] = summary.oldest;
    expect(held?.stackNote).toMatch(/^ends here: /);
    const seen = functionsOf(held ?? {});
    expect(seen.length).toBeGreaterThan(2);
    expect([...submitting, ...callers].slice(0, seen.length)).toEqual(seen);
  });
});
