import { describe, expect, it } from 'vitest';
import { confinementOf, missingRight } from '../../../src/kernel/confinement';
import { refusedBy } from '../../../src/kernel/trouble';
import type { Target } from '../../../src/target/target';
import { fakeTarget, type Tree } from '../sample/fakeTarget';

const EVERYBODY = '         0          0 4294967295\n';
const ALL = 'CapEff:\t000001ffffffffff\nCapBnd:\t000001ffffffffff\n';
/** What docker leaves. */
const FEW = 'CapEff:\t00000000a80425fb\nCapBnd:\t00000000a80425fb\n';

function reader(users: string, status: string, capabilities = 0n): Target {
  const tree: Tree = { '/proc/1/uid_map': users, '/proc/1/status': status };
  return { ...fakeTarget(tree), self: 1, rights: { uid: 0, capabilities } };
}

describe('what confines the inspector', () => {
  it.each([
    ['nothing', EVERYBODY, ALL, undefined],
    ['a user namespace', '         0       1000          1\n', ALL, 'user namespace'],
    ['one that has all users, shifted', '0 100000 4294867295\n', ALL, 'user namespace'],
    ['a bounding set', EVERYBODY, FEW, 'bounding set'],
  ])('%s', async (_, users, status, expected) => {
    expect(await confinementOf(reader(users, status))).toBe(expected);
  });

  it('is unknown of a captured tree', async () => {
    expect(await confinementOf(fakeTarget({}))).toBeUndefined();
  });

  it('is told instead of a sudo that would not help', () => {
    expect(missingRight('CAP_SYS_ADMIN', 'run with sudo', undefined)).toEqual({
      why: 'needs CAP_SYS_ADMIN',
      remedy: 'run with sudo',
      missing: 'CAP_SYS_ADMIN',
    });
    for (const confinement of ['user namespace', 'bounding set'] as const) {
      const { why, remedy, missing } = missingRight('CAP_BPF', 'run with sudo', confinement);
      expect(why).toMatch(/^needs CAP_BPF and CAP_PERFMON.*container/);
      expect(missing).toBeUndefined();
      expect(remedy).toMatch(/^inspect it from the host/);
    }
  });

  it('makes nothing of all capabilities where they are a user namespace’s', async () => {
    const sysAdmin = 1n << 21n;
    const inside = await refusedBy(reader('0 1000 1\n', ALL, sysAdmin), 'EPERM');
    expect(inside.why).toContain('user namespace');
    expect((await refusedBy(reader(EVERYBODY, ALL, sysAdmin), 'EPERM')).why).toContain('lockdown');
  });
});
