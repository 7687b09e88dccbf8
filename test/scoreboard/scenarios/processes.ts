import { mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { statusOf, until } from '../../real/support/proc';
import { toReleaseByShell } from '../../real/support/releases';
import { startTruth } from '../../real/support/truth';
import { startVictim } from '../../real/support/victim';
import { ownGroup, put } from '../cgroups';
import { ownFileSystem } from '../fileSystems';
import type { Scenario, Stage } from '../scenario';
import { ringVictim, standStill } from '../stand';

const FROZEN = { needs: ['root', 'ioUring'], severity: 'warning', says: [/frozen/, /cgroup/] } as const;

/** Frozen with its cgroup, by each version’s freezer. */
const FREEZERS: readonly Scenario[] = [
  {
    name: 'cgroup v1 freezer',
    ...FROZEN,
    stage: async (stage) => {
      const group = ownGroup(stage, 'freezer', { 'freezer.state': 'THAWED' });
      const { pid } = await ringVictim(stage, ['pipe-read']);
      put(group, 'cgroup.procs', pid);
      put(group, 'freezer.state', 'FROZEN');
      await standStill();
      return pid;
    },
  },
  {
    name: 'cgroup v2 freezer',
    ...FROZEN,
    stage: async (stage) => {
      const group = ownGroup(stage, 'cgroup2', { 'cgroup.freeze': '0' });
      const { pid } = await ringVictim(stage, ['pipe-read']);
      put(group, 'cgroup.procs', pid);
      put(group, 'cgroup.freeze', 1);
      await standStill();
      return pid;
    },
  },
];

/** Reads of a loop device that the cgroup lets through at one byte a second. */
async function throttled(
  stage: Stage,
  program: 'ring_victim' | 'waits',
  args: readonly string[],
): Promise<number> {
  const own = ownFileSystem(stage, 'ext4');
  const { rdev } = statSync(own.device);
  const device = `${rdev >> 8}:${rdev & 0xff}`;
  const group = ownGroup(stage, 'blkio', { 'blkio.throttle.read_bps_device': `${device} 0` });
  put(group, 'blkio.throttle.read_bps_device', `${device} 1`);
  const programs = mkdtempSync(join(tmpdir(), 'inspect-wrapped-'));
  stage.onTestFinished(toReleaseByShell(`rm -rf ${programs}`));
  const wrapper = `#!/bin/sh\necho $$ > ${group}/cgroup.procs\nexec ${stage.who.programs}/${program} "$@"\n`;
  writeFileSync(join(programs, program), wrapper, { mode: 0o755 });
  const words = args.map((word) => word.replace('OWN', own.directory));
  const victim = await startVictim(stage, { ...stage.who, programs }, program, words, { busy: true });
  await standStill();
  return victim.pid;
}

const THROTTLED: readonly Scenario[] = [
  {
    name: 'cgroup throttle, direct reads',
    needs: ['root', 'ioUring', 'loop', 'freeze'],
    severity: ['critical', 'warning'],
    says: [/4 requests|4 reads/, /loop\d/, /throttle|limit/i],
    stage: (stage) => throttled(stage, 'ring_victim', ['file', 'OWN/data', 'read', '4', 'direct']),
  },
  {
    name: 'cgroup throttle, Linux AIO',
    needs: ['root', 'loop', 'freeze'],
    severity: ['critical', 'warning'],
    says: [/io_getevents|Linux AIO/, /loop\d/, /throttle|limit/i],
    stage: (stage) => throttled(stage, 'waits', ['aio', 'OWN/data']),
  },
];

/** Stopped as a whole while its requests are in flight. */
const STOPPED: readonly Scenario[] = [
  {
    name: 'ring of a stopped process',
    needs: ['ioUring'],
    severity: 'warning',
    says: [/stopped by a signal/],
    ordinary: { severity: 'warning', says: [/stopped by a signal/] },
    stage: async (stage) => {
      const { pid } = await ringVictim(stage, ['pipe-read']);
      process.kill(pid, 'SIGSTOP');
      await until(() => /^T/.test(statusOf(pid, 'State') ?? ''), `${pid} stops`);
      await standStill();
      return pid;
    },
  },
];

/** Operations that wait for something else of the system. */
const OPERATIONS: readonly Scenario[] = [
  {
    name: 'ring waitid',
    needs: ['ioUring'],
    severity: 'info',
    says: [/child/],
    stage: async (stage) => {
      const { pid } = await startTruth(stage, stage.who, 'waitid');
      await standStill();
      return pid;
    },
  },
];

export const PROCESSES: readonly Scenario[] = [...FREEZERS, ...THROTTLED, ...STOPPED, ...OPERATIONS];
