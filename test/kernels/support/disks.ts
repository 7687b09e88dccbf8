import { closeSync, mkdtempSync, openSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type HostFolder, shareFolder } from './hostFolder';
import type { Version } from './kernels';
import { boot, type Machine } from './machine';
import { must } from './mounts';
import { startNfsServer } from './nfs';
import { oneForEach } from './onKernels';
import type { Testing } from './victim';

/** Disks of a machine, each on hardware of its own. */
export const DISKS = {
  virtio: { node: '/dev/vda', hardware: ['virtio-blk-pci,drive=drive-virtio'] },
  spare: { node: '/dev/vdb', hardware: ['virtio-blk-pci,drive=drive-spare'] },
  nvme: { node: '/dev/nvme0n1', hardware: ['nvme,serial=1,drive=drive-nvme'] },
  scsi: { node: '/dev/sda', hardware: ['virtio-scsi-pci,id=bus', 'scsi-hd,bus=bus.0,drive=drive-scsi'] },
} as const satisfies Record<string, { readonly node: string; readonly hardware: readonly string[] }>;

export type Disk = keyof typeof DISKS;

/** Bytes. */
const SIZE = 64 << 20;

/** A machine for each kernel with all the disks, with what sets up devices and file systems over them, and with an NFS server. */
export const withDisks = oneForEach(bootWithDisks);

/** The folder that the machine's emulator shares with it, where this machine can share one. */
export const hostFolders = new WeakMap<Machine, HostFolder>();

async function bootWithDisks(version: Version): Promise<Machine> {
  const folder = await shareFolder();
  const place = mkdtempSync(join(tmpdir(), 'inspect-disks-'));
  try {
    const devices = Object.entries(DISKS).flatMap(([name, { hardware }]) => {
      const file = join(place, name);
      closeSync(openSync(file, 'w'));
      truncateSync(file, SIZE);
      const drive = ['-drive', `if=none,id=drive-${name},file=${file},format=raw`];
      return [...drive, ...hardware.flatMap((device) => ['-device', device])];
    });
    const machine = await boot(version, {
      devices: [...devices, ...(folder?.devices ?? [])],
      // A silent NVMe drive is not reset while these tests last.
      words: ['nvme_core.io_timeout=100000'],
      programs: ['/usr/sbin/dmsetup', '/usr/sbin/mkfs.ext4'],
    });
    await must(machine, 'for driver in virtio_blk virtio_scsi sd_mod nvme; do modprobe $driver; done; true');
    await startNfsServer(machine);
    if (folder) hostFolders.set(machine, folder);
    return machine;
  } finally {
    // The emulator holds them open.
    rmSync(place, { recursive: true, force: true });
  }
}

/** Bytes in a second: whatever comes after the first request waits for hours. */
const NOTHING = 1;

/** The disk takes requests and answers none until the test ends. */
export async function silence(running: Testing, machine: Machine, disk: Disk): Promise<void> {
  const throttle = (bps: number) =>
    machine.emulate('block_set_io_throttle', {
      ...{ device: `drive-${disk}`, bps, bps_rd: 0, bps_wr: 0, iops: 0, iops_rd: 0, iops_wr: 0 },
    });
  running.onTestFinished(() => throttle(0));
  await throttle(NOTHING);
  // The first request is let through: it is one that nothing else asks for.
  const { node } = DISKS[disk];
  const first = `blockdev --flushbufs ${node}; dd if=${node} of=/dev/null bs=64k skip=1000 count=1`;
  await must(machine, `(${first}) >/dev/null 2>&1 & usleep 300000`);
}
