import { diskOf, diskSentence, inFlightOf } from '../disks';
import { type Rule, standsStill } from '../rule';
import { counted, duration, processName, sentence } from '../words';

/**
 * "No io_uring here: thread fio (7) waits in io_getevents (Linux AIO) for the disk loop0, which has 32 requests
 * in flight and has finished none." The older interface, met where people look for io_uring.
 */
export const linuxAio: Rule = {
  tag: 'linux-aio',
  check(scene) {
    const { sample, other } = scene;
    const waiters = scene.blocked.filter(({ on }) => on.subsystem === 'Linux AIO');
    const [first] = waiters;
    const disk = (sample.devices ?? []).find(
      (device) =>
        inFlightOf(device) > 0 &&
        sample.resources.some((r) => r.fd > 2 && diskOf(sample, r)?.name === device.name),
    );
    if (!first || !disk) return [];
    if (waiters.some(({ task }) => standsStill(scene, task) === undefined)) return 'look again';
    const earlier = other?.devices?.find((device) => device.name === disk.name);
    if (!earlier || earlier.completed !== disk.completed) return [];
    const since = scene.between === undefined ? '' : ` in the last ${duration(scene.between)}`;
    const none = sample.rings.length === 0 ? 'no io_uring here: ' : '';
    return [
      {
        tag: 'stuck-on-resource',
        severity: 'critical',
        summary: sentence(
          `${none}thread ${processName({ pid: first.task.tid, name: first.task.name })} waits in io_getevents (Linux AIO) for the disk ${disk.name}, which has ${counted(inFlightOf(disk), 'request')} in flight and has finished none${since}.`,
        ),
        explanation: `${diskSentence(disk, sample)} The requests themselves cannot be seen in /proc.`,
        remedy: 'See the kernel log for the device, and what stands behind it.',
        evidence: [...waiters.map(({ task }) => ({ task: task.tid })), { device: disk.name }],
      },
    ];
  },
};
