import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openLocal } from '../../../src/target/local';
import type { ProbeTarget } from '../../../src/target/probeTarget';

const root = join(__dirname, '..', '..', '..');

/** Path of a probe that is as new as its sources; throws with what to install when none can be built. */
export async function testProbe(arch?: string): Promise<string> {
  const build: { buildProbe(arch?: string): string } = await import(
    pathToFileURL(join(root, 'esbuild.mjs')).href
  );
  return build.buildProbe(arch);
}

/** This machine, as the user who runs the tests. Dispose it. */
export async function openTestTarget(): Promise<ProbeTarget> {
  return openLocal(await testProbe());
}
