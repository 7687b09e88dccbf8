import type { Severity } from '../../../src/model/sample';
import { startTruth } from '../../real/support/truth';
import { startVictim } from '../../real/support/victim';
import { onFuse } from '../fileSystems';
import type { Right, Scenario, Stage } from '../scenario';
import { standStill } from '../stand';

async function pends(stage: Stage, args: readonly string[]): Promise<number> {
  const { pid } = await startVictim(stage, stage.who, 'pends', args, { busy: true });
  await standStill();
  return pid;
}

/** Waits for a child, a word of memory, a lock, or of an operation with two ends; whoever inspects it. */
function waits(scene: string, says: readonly RegExp[], severity: Severity = 'info'): Scenario {
  const right: Right = { severity, says };
  return {
    name: `operation ${scene}`,
    needs: ['ioUring'],
    ...right,
    ordinary: right,
    stage: (stage) => pends(stage, [scene]),
  };
}

/** The same of a scene of `truth`. */
function truth(scene: string, words: readonly string[], says: readonly RegExp[]): Scenario {
  const right: Right = { severity: 'info', says };
  return {
    name: `operation ${scene}`,
    needs: ['ioUring'],
    ...right,
    ordinary: right,
    stage: async (stage) => {
      const { pid } = await startTruth(stage, stage.who, scene, words);
      await standStill();
      return pid;
    },
  };
}

const SPLICED =
  / from descriptor \d+ into descriptor \d+ waits for data in the pipe at descriptor \d+, whose only writer is the process itself/;
export const OPERATIONS: readonly Scenario[] = [
  waits('waitid-pid', [/1 waitid waits for its child process worker-a \(\d+\) to end/]),
  waits('waitid-pidfd', [/1 waitid waits for its child process worker-a \(\d+\) to end/]),
  waits('waitid-any', [/one of its 2 child processes to end: worker-a \(\d+\) and worker-b \(\d+\)/]),
  waits('wait4-stopped', [/its child process worker-a \(\d+\) to end, which is stopped/]),
  waits('futex-wait', [
    /1 futex wait waits for a wake at 0x[0-9a-f]+ \(its value is still 7\)/,
    /only this process/,
  ]),
  waits('futex-changed', [/its value was 7 and is 9: it was changed without a wake/]),
  waits('futex-several', [/wake at one of 2 words of memory/]),
  waits('lock-pi', [/waits for a mutex that thread holder \(\d+\) holds/]),
  waits('lock-mutex', [/waits for a mutex that thread holder \(\d+\) holds/]),
  waits('lock-robust', [/waits for a mutex that thread holder \(\d+\) holds/]),
  waits('lock-own', [/Thread pends \(\d+\) waits for a mutex that it holds itself/], 'critical'),
  waits(
    'lock-crossed',
    [/Threads (pends|holder) \(\d+\) and (pends|holder) \(\d+\) wait for each other/],
    'critical',
  ),
  waits('epoll-request', [
    /1 epoll wait waits for an event of the epoll set at descriptor \d+ \((1 pipe and 1 eventfd|1 eventfd and 1 pipe)\)/,
  ]),
  waits('splice-empty', [/1 splice/, SPLICED]),
  waits('tee-empty', [/1 tee/, SPLICED]),
  waits('splice-full', [/1 splice from \S+\/source into descriptor \d+ waits for room in the full pipe/]),
  truth('message', [], [/1 msg_ring waits for the thread of ring 2 \(fd \d+\) to take it/]),
  truth('command', ['cqe32'], [/1 driver command waits for time stamps of what is sent on the socket/]),
  {
    name: 'operation sync-range, silent disk below ext4',
    needs: ['ioUring', 'fuse', 'loop'],
    severity: 'critical',
    says: [/1 (sync_file_range|write)/, /inspect-own-\S+\/mnt\/data/, /loop\d/, /hangfs/],
    stage: async (stage) => {
      const own = await onFuse(stage);
      own.stop();
      return pends(stage, ['sync-range', own.file]);
    },
  },
];
