import { expect, it } from 'vitest';
import type { HostId } from '../../../src/inspect/hostId';
import { Hosts } from '../../../src/inspect/hosts';
import { KernelLines } from '../../../src/inspect/kernelLines';
import type { Target } from '../../../src/target/target';
import { askers, FakeTarget, SteppedClock } from './fakeHosts';

const DB1: HostId = { kind: 'ssh', alias: 'db1' };
const FRAME = { function: 'vfs_read', offset: 1, size: 2, module: null };

it('lines are asked of a host that is connected; none is connected for them, and a lost one is left alone', async () => {
  const made: FakeTarget[] = [];
  let asked = 0;
  const open = async (): Promise<Target> => {
    const fake = new FakeTarget('db1');
    made.push(fake);
    const binaries = { identify: async () => [], read: async () => [] };
    const read = async () => {
      asked++;
      return [];
    };
    return { ...fake.target, binaries, read };
  };
  const hosts = new Hosts(open, askers, new SteppedClock(), () => 0.5);
  const lines = new KernelLines(hosts);
  expect(await lines.locate(DB1, FRAME, '6.1.0')).toBeUndefined();
  expect(made).toHaveLength(0);

  await hosts.of(DB1).use(async () => undefined);
  for (const _ of [1, 2])
    expect(await lines.locate(DB1, FRAME, '6.1.0')).toEqual({
      why: 'the kernel’s build is not known (/sys/kernel/notes)',
    });
  // What a host has is looked for once.
  expect(asked).toBe(1);

  hosts.leave('ssh:db1');
  expect(await lines.locate(DB1, FRAME, '6.1.0')).toBeUndefined();
  expect(made).toHaveLength(1);
});
