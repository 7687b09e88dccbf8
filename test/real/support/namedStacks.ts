import { readdirSync, readFileSync } from 'node:fs';

import { openLayout } from '../../../src/kernel/openLayout';
import type { UserFrame } from '../../../src/model/sample';
import { parseMountinfo } from '../../../src/procfs/mountinfo';
import { Binaries, type BinariesOptions } from '../../../src/source/binaries';
import { type CallStack, readCallStacks } from '../../../src/source/callStacks';
import { ProcessStacks } from '../../../src/source/unwind/threads';
import { openDemangler } from '../../../src/target/demangler';
import { spawnProbe } from '../../../src/target/local';
import { connectProbe, type ProbeTarget } from '../../../src/target/probeTarget';
import { unpack } from '../../../src/target/unpack';
import { everybodysProbe } from './probe';
import { toRelease } from './releases';
import type { Running } from './victim';

/** A probe with the rights of this test. */
export async function openTarget(context: Running): Promise<ProbeTarget> {
  const target = await connectProbe(spawnProbe(await everybodysProbe()), 'test');
  context.onTestFinished(toRelease(() => target.dispose()));
  return target;
}

/** The stacks of all threads as a Sample would have them. */
export async function namedStacks(
  target: ProbeTarget,
  pid: number,
  options: Partial<BinariesOptions> = {},
): Promise<CallStack[]> {
  const demangle = openDemangler(import.meta.dirname);
  const binaries = new Binaries(target, { unpack, demangle, ...options });
  const opened = await openLayout(target);
  const mounts = parseMountinfo(readFileSync(`/proc/${pid}/mountinfo`, 'utf8')).rows;
  const tids = readdirSync(`/proc/${pid}/task`).map(Number);
  const layout = 'layout' in opened ? opened.layout : undefined;
  const stacks = new ProcessStacks(target, pid);
  const found = await readCallStacks(stacks, binaries, { pid, mounts }, tids, { layout });
  binaries.close();
  return found;
}

export const namesOf = ({ frames = [] }: CallStack): string[] =>
  frames.map((frame: UserFrame) => frame.function);
