import { describe, expect, it } from 'vitest';
import { parseCgroup } from '../../../src/procfs/cgroup';
import {
  findContainer,
  findContainers,
  isInnerReader,
  namespaceLinks,
  namespacesFrom,
} from '../../../src/sample/container';
import type { Target } from '../../../src/target/target';
import { fakeTarget } from './fakeTarget';

const OUTERMOST = 'pid:[4026531836]';
const root = (device: string, at = '/') => `27 1 ${device} ${at} / rw - ext4 /dev/vda rw\n`;

/** Process 7 as the reader 1 sees it. */
function seen(tree: Readonly<Record<string, string>>): Target {
  return { ...fakeTarget({ '/proc/1/mountinfo': root('254:0'), ...tree }), self: 1 };
}

async function containerOf(
  tree: Readonly<Record<string, string>>,
  more: { readonly cgroup?: string; readonly nsPid?: readonly number[]; readonly mountinfo?: string } = {},
): Promise<string | null> {
  const target = seen(tree);
  return findContainer(target, {
    cgroups: parseCgroup(`0::${more.cgroup ?? '/'}\n`).rows,
    nsPid: more.nsPid,
    namespaces: namespacesFrom(await target.link(namespaceLinks(target, 7))),
    ...(more.mountinfo === undefined ? {} : { mountinfo: more.mountinfo }),
  });
}

describe('the container of a process', () => {
  it('is the one its cgroup is named after, whatever else is known', async () => {
    const cgroup = `/system.slice/docker-${'0123456789abcdef'.repeat(4)}.scope`;
    expect(await containerOf({}, { cgroup, nsPid: [7, 1] })).toBe('docker 0123456789ab');
  });

  it('is told by a PID namespace of its own', async () => {
    const nsPid = [7, 1];
    expect(await containerOf({ '/proc/7/ns/pid': 'pid:[4026532179]' }, { nsPid })).toBe(
      'a container of its own (PID namespace 4026532179)',
    );
    expect(await containerOf({}, { nsPid })).toBe('a container of its own');
    expect(await containerOf({}, { nsPid: [7] })).toBeNull();
  });

  it('is told by another root directory in a mount namespace of its own, but of a service', async () => {
    const links = { '/proc/7/ns/mnt': 'mnt:[5]', '/proc/1/ns/mnt': 'mnt:[4]' };
    const other = { mountinfo: root('0:40') };
    expect(await containerOf(links, other)).toBe('a container of its own (mount namespace 5)');
    expect(await containerOf(links, { mountinfo: root('254:0', '/srv/root') })).toMatch(/mount namespace 5/);
    expect(await containerOf(links, { mountinfo: root('254:0') })).toBeNull();
    expect(await containerOf({ ...links, '/proc/7/ns/mnt': 'mnt:[4]' }, other)).toBeNull();
    expect(await containerOf(links, { ...other, cgroup: '/system.slice/db.service' })).toBeNull();
  });

  it('is told of many, those without a name by their namespace', async () => {
    const target = seen({ '/proc/8/ns/pid': 'pid:[5]' });
    const named = parseCgroup('0::/lxc.payload.web\n').rows;
    const asked = [
      { pid: 7, cgroups: named, nsPid: [7, 1] },
      { pid: 8, cgroups: [], nsPid: [8, 1] },
      { pid: 9, cgroups: [], nsPid: [9] },
    ];
    expect(await findContainers(target, asked)).toEqual([
      'lxc web',
      'a container of its own (PID namespace 5)',
      undefined,
    ]);
  });
});

describe('a reader in a PID namespace of its own', () => {
  const inner = async (link: string | undefined) => {
    const target = seen(link === undefined ? {} : { '/proc/1/ns/pid': link });
    return isInnerReader(target, namespacesFrom(await target.link(namespaceLinks(target, 7))));
  };

  it('is told by the inode, and where that is unknown taken for none', async () => {
    expect(await inner(OUTERMOST)).toBe(false);
    expect(await inner('pid:[4026532179]')).toBe(true);
    expect(await inner(undefined)).toBe(false);
    expect(isInnerReader({ ...seen({}), foreignPids: true }, {})).toBe(true);
  });
});
