import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { mountHangfs, silentDisk } from '../../real/support/mounts';
import { until } from '../../real/support/proc';
import { startVictim } from '../../real/support/victim';
import { installed, needsProgram, ownDirectory } from '../programs';
import type { Right, Scenario, Stage } from '../scenario';
import { standStill } from '../stand';

async function victim(stage: Stage, ...args: readonly string[]): Promise<number> {
  const { pid, truth } = await startVictim(stage, stage.who, 'aio', args, { busy: true });
  await standStill();
  return truth.child ?? pid;
}

const CRITICAL = { severity: 'critical' } as const;

/** With a disk that answers nothing. */
const SILENT: readonly Scenario[] = [
  ['reads', /^No io_uring here: 32 reads of \/dev\/loop\d+ \(Linux AIO context 1\)/, /io_getevents/],
  ['mixed', /^No io_uring here: 6 reads/, /2 polls/],
  ['with-ring', /^4 reads of \/dev\/loop\d+ \(Linux AIO context 1\)/, /io_getevents/],
].map(([scene, ...says]): Scenario => {
  return {
    name: `Linux AIO on a silent disk, ${String(scene)}`,
    needs: ['ioUring', 'fuse', 'loop', 'kernelMemory'],
    ...CRITICAL,
    says: [/loop\d/, /finished none/, /hangfs/, ...says.filter((word) => word instanceof RegExp)],
    stage: async (stage) => victim(stage, String(scene), (await silentDisk(stage)).device),
  };
});

/** In the program itself. */
function own(scene: string, root: Right, ordinary: Right): Scenario {
  return {
    name: `Linux AIO ${scene}`,
    needs: ['kernelMemory'],
    ...root,
    ordinary,
    stage: (stage) => victim(stage, scene),
  };
}

const INFO = { severity: 'info' } as const;
const WARNING = { severity: 'warning' } as const;
const FINISHED = /5 operations of Linux AIO context 1 have finished/;

const OWN: readonly Scenario[] = [
  own('unreaped', { ...WARNING, says: [FINISHED] }, { ...INFO, says: [FINISHED] }),
  own('nothing', { ...WARNING, says: [/nothing is pending/] }, { ...INFO, says: [/io_getevents/] }),
  own('too-many', { ...INFO, says: [/1 poll/, /io_getevents/] }, { ...INFO, says: [/io_getevents/] }),
];

/** It cannot go on, or cannot even end, before its requests are done. */
const LEAVING: readonly Scenario[] = [
  {
    name: 'Linux AIO on a silent disk, destroying',
    needs: ['fuse', 'loop'],
    ...CRITICAL,
    says: [/io_destroy/, /loop\d/, /hangfs/],
    stage: async (stage) => victim(stage, 'destroying', (await silentDisk(stage)).device),
  },
  {
    name: 'Linux AIO on a silent disk, killed',
    needs: ['fuse', 'loop'],
    ...CRITICAL,
    says: [/is ending/, /Linux AIO/, /loop\d/, /hangfs/],
    stage: async (stage) => {
      const pid = await victim(stage, 'reads', (await silentDisk(stage)).device);
      process.kill(pid, 'SIGKILL');
      await standStill();
      return pid;
    },
  },
];

const SUBMIT: Scenario = {
  name: 'Linux AIO, io_submit on a silent FUSE server',
  needs: ['fuse'],
  ...CRITICAL,
  says: [/io_submit/, /FUSE server/, /hang-data/],
  ordinary: { ...CRITICAL, says: [/io_submit/, /FUSE server/, /hang-data/] },
  stage: async (stage) => victim(stage, 'submitting', `${(await mountHangfs(stage)).directory}/hang-data`),
};

/** Nothing is wrong with it. */
function healthy(name: string, stage: (stage: Stage) => Promise<number>, says: RegExp = /./): Scenario {
  return {
    name: `healthy Linux AIO ${name}`,
    healthy: true,
    ...INFO,
    says: [says],
    ordinary: { ...INFO, says: [/./] },
    stage,
  };
}

function fio(name: string, ...words: readonly string[]): Scenario {
  return healthy(`fio ${name}`, async (stage) => {
    needsProgram(stage, 'fio');
    const job = ['--name=j', '--size=8m', '--time_based', '--runtime=40', '--thread', '--ioengine=libaio'];
    return installed(stage, 'fio', [...job, ...words], 3);
  });
}

/** `aio=native` of QEMU, which waits in an event loop for an eventfd of its context. */
async function qemu(stage: Stage): Promise<number> {
  needsProgram(stage, 'qemu-storage-daemon');
  const directory = ownDirectory(stage);
  const image = join(directory, 'image');
  const socket = join(directory, 'socket');
  execFileSync('truncate', ['-s', '16M', image]);
  execFileSync('chmod', ['666', image]);
  const node = `driver=file,node-name=image,filename=${image},aio=native,cache.direct=on`;
  const server = `addr.type=unix,addr.path=${socket}`;
  const shared = 'type=nbd,id=image,node-name=image,writable=on';
  const words = ['--blockdev', node, '--nbd-server', server, '--export', shared];
  const pid = await installed(stage, 'qemu-storage-daemon', words, 1, directory);
  await until(() => existsSync(socket), 'the storage daemon listens');
  const url = `nbd+unix:///image?socket=${socket}`;
  execFileSync('qemu-img', ['bench', '-f', 'raw', '-w', '-c', '500', url], {
    stdio: 'ignore',
    timeout: 30_000,
  });
  await standStill();
  return pid;
}

const HEALTHY: readonly Scenario[] = [
  healthy(
    'server at rest',
    (stage) => victim(stage, 'rest'),
    /nothing is pending|Nothing is seen|nothing is seen/,
  ),
  healthy('polls', (stage) => victim(stage, 'polls')),
  healthy('child of a program that uses it', (stage) => victim(stage, 'forked')),
  fio('one at a time', '--iodepth=1', '--direct=1', '--rw=randread'),
  fio(
    'in batches',
    '--iodepth=32',
    '--iodepth_batch=16',
    '--iodepth_batch_complete_min=16',
    '--direct=1',
    '--rw=randwrite',
  ),
  fio('at a slow rate', '--iodepth=4', '--direct=1', '--rw=randread', '--rate_iops=20'),
  fio('buffered with fsync', '--iodepth=8', '--fsync=8', '--rw=randwrite'),
  healthy('QEMU at rest', qemu),
];

/** The interface before io_uring. */
export const AIO: readonly Scenario[] = [...SILENT, ...OWN, ...LEAVING, SUBMIT, ...HEALTHY];
