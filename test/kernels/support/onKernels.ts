import { describe } from 'vitest';
import { FACTS, type Facts } from './facts';
import { VERSIONS, type Version } from './kernels';
import { boot, type Machine } from './machine';
import { Missing } from './missing';

type MachineOf = (version: Version) => Promise<Machine>;

/** One machine for each kernel, which the files of tests use one after the other; it ends with the process that has it. */
export function oneForEach(start: MachineOf): MachineOf {
  const machines = new Map<Version, Promise<Machine>>();
  return (version) => {
    const machine = machines.get(version) ?? start(version);
    machines.set(version, machine);
    return machine;
  };
}

const plain = oneForEach((version) => boot(version));

/** A kernel that is tested on; its machine boots for the first test that asks for it. */
export interface TestedKernel {
  readonly version: Version;
  readonly facts: Facts;
  /** It was asked for by name: tests may take minutes. */
  readonly thorough: boolean;
  /** Skips the test by name where there can be no such machine here. */
  machine(context: Skippable): Promise<Machine>;
}

interface Skippable {
  skip(note: string): never;
}

/** Declares these tests for each kernel that is wanted: $KERNELS, versions with spaces between; without it 6.1. */
export function onKernels(tests: (kernel: TestedKernel) => void, machineOf: MachineOf = plain): void {
  describe.each(wanted())('on Linux %s', (version) => {
    tests({
      version,
      facts: FACTS[version],
      thorough: process.env['KERNELS'] !== undefined,
      machine: async (context) => {
        try {
          return await machineOf(version);
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
