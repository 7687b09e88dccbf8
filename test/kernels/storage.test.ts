import { expect, it } from 'vitest';
import type { Sample } from '../../src/model/sample';
import { DISKS, type Disk, silence, withDisks } from './support/disks';
import { expectAnswer, startHeld } from './support/held';
import { must } from './support/mounts';
import { onKernels } from './support/onKernels';
import { startVictim } from './support/victim';

const STUCK = { severity: 'critical' } as const;

const HARDWARE: readonly (readonly [Disk, RegExp, RegExp])[] = [
  ['virtio', /vda, a virtio disk that this virtual machine’s host supplies,/, /host of this virtual machine/],
  ['nvme', /nvme0n1, model QEMU NVMe Ctrl,/, /kernel log for nvme0n1/],
  ['scsi', /sda, model QEMU HARDDISK,/, /kernel log for sda/],
];

const device = (sample: Sample, name: string) => sample.devices?.find((one) => one.name === name);

onKernels((kernel) => {
  it.for(HARDWARE)('a silent disk (%s) is named with what it is', async ([disk, named, advises], context) => {
    const machine = await kernel.machine(context);
    await silence(context, machine, disk);
    const { node } = DISKS[disk];
    const name = node.slice('/dev/'.length);

    const direct = await startVictim(context, machine, 'ring_victim', ['file', node, 'read', '4', 'direct']);
    const inside = await expectAnswer(machine, direct.pid, `${disk} direct reads`, {
      ...STUCK,
      says: [/^4 requests of/, new RegExp(`inside the disk ${name}\\b`), /finished none in the last/, named],
      advises,
    });
    expect(inside.requests.filter(({ state }) => state === 'issued')).toHaveLength(4);
    expect(device(inside, name)).toMatchObject({ finished: 0 });

    const plain = await startVictim(context, machine, 'waits', ['file-read', node]);
    await expectAnswer(machine, plain.pid, `${disk} plain read`, {
      ...STUCK,
      says: [/\bread on \/dev\//, new RegExp(`from the disk ${name}\\b`), named],
      advises,
    });

    const async = await startVictim(context, machine, 'ring_victim', ['file', node, 'read', '4', 'async']);
    await expectAnswer(machine, async.pid, `${disk} reads in workers`, {
      ...STUCK,
      says: [/^4 reads of/, new RegExp(`disk ${name}\\b`), named],
      advises,
    });
  });

  it('a write to a page that a silent disk still reads waits for that page', async (context) => {
    const machine = await kernel.machine(context);
    await silence(context, machine, 'virtio');
    const reader = await startVictim(context, machine, 'waits', ['file-read', '/dev/vda']);
    const writer = await startVictim(context, machine, 'waits', ['file-write', '/dev/vda']);
    await expectAnswer(machine, reader.pid, 'read of a page', { ...STUCK, says: [/from the disk vda/] });
    await expectAnswer(machine, writer.pid, 'write to a page that is read', {
      ...STUCK,
      says: [/\bwrite on \/dev\/vda/, /page/, /disk vda/],
    });
  });

  it('a device without free requests is told from a program that waits', async (context) => {
    const machine = await kernel.machine(context);
    const queue = '/sys/block/vdb/queue/nr_requests';
    const { output } = await machine.run(`cat ${queue}; echo 4 >${queue}`);
    context.onTestFinished(() => must(machine, `echo ${output.trim().split('\n')[0]} >${queue}`));
    await silence(context, machine, 'spare');
    const victim = await startVictim(context, machine, 'ring_victim', [
      'file',
      '/dev/vdb',
      'read',
      '12',
      'direct',
    ]);
    await expectAnswer(machine, victim.pid, 'full queue', {
      ...STUCK,
      says: [/reads? of \/dev\/vdb/, /its queue is full/, /disk vdb/],
    });
  });

  it('ext4 on a silent disk', async (context) => {
    const machine = await kernel.machine(context);
    await must(machine, 'mkdir -p /mnt && /usr/sbin/mkfs.ext4 -q -F /dev/vda && mount -t ext4 /dev/vda /mnt');
    context.onTestFinished(() => must(machine, 'sync; umount /mnt'));
    await must(
      machine,
      'for file in a b c; do dd if=/dev/zero of=/mnt/$file bs=1M count=1; done; mkdir /mnt/d; sync',
    );
    const sync = await startHeld(context, machine, ['waits', 'file-sync', '/mnt/a']);
    const read = await startHeld(context, machine, ['waits', 'file-read', '/mnt/b']);
    const writes = ['ring_victim', 'file', '/mnt/c', 'write', '4', 'direct'];
    const direct = await startHeld(context, machine, writes);
    await must(machine, 'echo 3 >/proc/sys/vm/drop_caches');
    await silence(context, machine, 'virtio');
    for (const held of [sync, read, direct]) await held.go();

    await expectAnswer(machine, sync.pid, 'ext4 write and fsync', {
      ...STUCK,
      says: [/in (fsync|write) on \/mnt\/a \(ext4\)/, /disk vda/, /host supplies/, /no signal, no kill/],
    });
    await expectAnswer(machine, read.pid, 'ext4 read', {
      ...STUCK,
      says: [/in read on \/mnt\/b \(ext4\)/, /from the disk vda/],
    });
    await expectAnswer(machine, direct.pid, 'ext4 direct writes', {
      ...STUCK,
      says: [/\/mnt\/c/, /disk vda/, /4 requests|\bwrites?\b/],
    });
    const everything = await machine.start('echo $$; exec sync');
    await must(machine, 'usleep 300000');
    await expectAnswer(machine, Number(everything[0]), 'sync', {
      ...STUCK,
      says: [/in sync/, /\bthe disk\b|the journal/],
    });
  });

  it('a linear volume leads to the disk below it', async (context) => {
    const machine = await kernel.machine(context);
    await volume(machine, context);
    await silence(context, machine, 'nvme');
    const direct = await startVictim(context, machine, 'ring_victim', [
      'file',
      '/dev/dm-0',
      'read',
      '4',
      'direct',
    ]);
    await expectAnswer(machine, direct.pid, 'volume over a silent disk, direct reads', {
      ...STUCK,
      says: [/inside the disk dm-0.*behind it stands nvme0n1, model QEMU NVMe Ctrl/, /volume \(slow\)/],
      advises: /kernel log for nvme0n1/,
    });
    const plain = await startVictim(context, machine, 'waits', ['file-read', '/dev/dm-0']);
    await expectAnswer(machine, plain.pid, 'volume over a silent disk, plain read', {
      ...STUCK,
      says: [
        /from the disk dm-0/,
        /stands on nvme0n1, model QEMU NVMe Ctrl, which has \d+ requests? in flight/,
      ],
      advises: /kernel log for nvme0n1/,
    });
  });

  it('a suspended volume is to be resumed by its name', async (context) => {
    const machine = await kernel.machine(context);
    await volume(machine, context);
    await must(machine, '/usr/sbin/dmsetup suspend --noflush slow');
    const plain = await startVictim(context, machine, 'waits', ['file-read', '/dev/dm-0']);
    const says = [/disk dm-0, which is suspended/];
    await expectAnswer(machine, plain.pid, 'suspended volume, plain read', {
      ...STUCK,
      says,
      advises: /dmsetup resume slow\./,
    });
    const direct = await startVictim(context, machine, 'ring_victim', [
      'file',
      '/dev/dm-0',
      'read',
      '4',
      'direct',
    ]);
    await expectAnswer(machine, direct.pid, 'suspended volume, direct reads', {
      ...STUCK,
      says: [/^4 requests/, ...says],
      advises: /dmsetup resume slow\./,
    });
  });

  it('a mirror waits for the silent one of its disks, which is named', async (context) => {
    const machine = await kernel.machine(context);
    await must(machine, MIRROR);
    context.onTestFinished(() => must(machine, DISSOLVED));
    await silence(context, machine, 'scsi');
    const sync = await startVictim(context, machine, 'waits', ['file-sync', '/dev/md7']);
    await expectAnswer(machine, sync.pid, 'mirror, fsync', {
      ...STUCK,
      says: [/disk md7, a RAID device \(raid1\),/, /stands on sda, model QEMU HARDDISK/],
      advises: /kernel log for sda/,
    });
    const direct = await startVictim(context, machine, 'ring_victim', [
      'file',
      '/dev/md7',
      'write',
      '4',
      'direct',
    ]);
    await expectAnswer(machine, direct.pid, 'mirror, direct writes', { ...STUCK, says: [/md7/, /sda/] });
  });

  it('a network block device leads to its client', async (context) => {
    const machine = await kernel.machine(context);
    await must(machine, 'modprobe nbd');
    const client = await startVictim(context, machine, 'nbd', ['/dev/nbd0']);
    const server = (client.truth as { readonly server?: number }).server;
    await must(machine, 'dd if=/dev/nbd0 of=/dev/null bs=4k count=1; blockdev --flushbufs /dev/nbd0');
    context.onTestFinished(() => must(machine, `kill -CONT ${server}`));
    await must(machine, `kill -STOP ${server}`);
    const says = [new RegExp(`client is nbd \\(${client.pid}\\)`)];
    const advises = new RegExp(`nbd \\(${client.pid}\\) and at the server`);
    const plain = await startVictim(context, machine, 'waits', ['file-read', '/dev/nbd0']);
    await expectAnswer(machine, plain.pid, 'nbd plain read', {
      ...STUCK,
      says: [/disk nbd0/, ...says],
      advises,
    });
    const direct = await startVictim(context, machine, 'ring_victim', [
      'file',
      '/dev/nbd0',
      'read',
      '4',
      'direct',
    ]);
    await expectAnswer(machine, direct.pid, 'nbd direct reads', {
      ...STUCK,
      says: [/^4 requests/, ...says],
      advises,
    });
  });

  it('memory that is in swap on a silent disk', async (context) => {
    const machine = await kernel.machine(context);
    await must(
      machine,
      'mkdir -p /cg && mount -t cgroup2 cg /cg && echo +memory >/cg/cgroup.subtree_control && mkdir /cg/x',
    );
    context.onTestFinished(() => must(machine, 'rmdir /cg/x; umount /cg'));
    const { code } = await machine.run('test -e /cg/x/memory.reclaim');
    if (code !== 0) context.skip('needs memory.reclaim (5.19)');
    await must(machine, 'mkswap /dev/vdb && swapon /dev/vdb');
    context.onTestFinished(() => must(machine, 'swapoff /dev/vdb'));
    const joins = `sh -c 'echo $$ >/cg/x/cgroup.procs; exec waits swapped'`;
    const victim = await startHeld(context, machine, [joins]);
    await must(
      machine,
      'for time in 1 2 3; do echo 100M >/cg/x/memory.reclaim; usleep 200000; done 2>/dev/null; true',
    );
    await silence(context, machine, 'spare');
    await victim.go();
    await expectAnswer(machine, victim.pid, 'page in swap', { ...STUCK, says: [/from swap/] });
  });

  it('a TLS connection that the kernel decrypts waits for its peer', async (context) => {
    const machine = await kernel.machine(context);
    await must(
      machine,
      'ip link set lo up; for module in tls gcm ctr ghash_generic; do modprobe $module; done; true',
    );
    const { pid } = await startVictim(context, machine, 'waits', ['tls-read']);
    await expectAnswer(machine, pid, 'TLS read', {
      severity: 'info',
      says: [/waits for data on the TLS connection TCP 127/],
    });
  });
}, withDisks);

/** Two disks as one, without metadata on them (Documentation/admin-guide/md.rst). */
const MIRROR = [
  'modprobe raid1',
  'echo md7 >/sys/module/md_mod/parameters/new_array',
  'cd /sys/block/md7/md',
  'echo none >metadata_version',
  'echo raid1 >level',
  'echo 2 >raid_disks',
  'cat /sys/block/vdb/dev >new_dev',
  'cat /sys/block/sda/dev >new_dev',
  'echo 0 >dev-vdb/slot',
  'echo 1 >dev-sda/slot',
  'echo 65536 >component_size',
  'echo none >resync_start',
  'echo active >array_state',
].join(' && ');

/** As soon as nobody has it open. */
const DISSOLVED =
  'for try in 1 2 3 4 5 6 7 8 9; do echo clear >/sys/block/md7/md/array_state && exit; sleep 1; done 2>/dev/null';

/** The whole NVMe drive as a device-mapper volume. */
async function volume(
  machine: Parameters<typeof silence>[1],
  running: Parameters<typeof silence>[0],
): Promise<void> {
  const table = '0 131072 linear /dev/nvme0n1 0';
  await must(
    machine,
    `modprobe dm_mod; /usr/sbin/dmsetup --noudevsync --noudevrules create slow --table "${table}"`,
  );
  running.onTestFinished(() =>
    must(
      machine,
      'cd /; /usr/sbin/dmsetup resume slow; usleep 300000; /usr/sbin/dmsetup --noudevsync --noudevrules remove --retry slow',
    ),
  );
}
