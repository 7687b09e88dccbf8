import { afterAll, describe } from 'vitest';
import { FACTS, type Facts } from './facts';
import { VERSIONS, type Version } from './kernels';
import { boot, type Machine } from './machine';
import { Missing } from './missing';

/** A kernel as the tests of one file have it: its machine boots for the first test and ends after the last. */
export interface TestedKernel {
  readonly version: Version;
  readonly facts: Facts;
  /** Skips the test by name where there can be no such machine here. */
  machine(context: Skippable): Promise<Machine>;
}

interface Skippable {
  skip(note: string): never;
}

/** Declares these tests for each kernel that is wanted: $KERNELS, versions with spaces between; without it 6.1. */
export function onKernels(tests: (kernel: TestedKernel) => void): void {
  describe.each(wanted())('on Linux %s', (version) => {
    let booting: Promise<Machine> | undefined;
    afterAll(async () => {
      const machine = await booting?.catch(() => undefined);
      machine?.stop();
    });
    tests({
      version,
      facts: FACTS[version],
      machine: async (context) => {
        booting ??= boot(version);
        try {
          return await booting;
        } catch (error) {
          if (error instanceof Missing) return context.skip(error.message);
          throw error;
        }
      },
    });
  });
}

function wanted(): Version[] {
  const named = (process.env['KERNELS'] ?? '6.1').split(/\s+/).filter(Boolean);
  const unknown = named.filter((name) => !VERSIONS.some((version) => version === name));
  if (unknown.length > 0) throw new Error(`no such kernel: ${unknown.join(', ')} (${VERSIONS.join(', ')})`);
  return VERSIONS.filter((version) => named.includes(version));
}
