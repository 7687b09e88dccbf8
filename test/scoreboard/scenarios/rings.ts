import { EXPECTED } from '../../real/support/expected';
import { startVictim } from '../../real/support/victim';
import type { Scenario } from '../scenario';
import { standStill } from '../stand';

/** Scenes of a program that does nothing wrong: it serves, waits, or works. */
const HEALTHY = new Set([
  'accept',
  'accept-multishot',
  'epoll-loop',
  'healthy',
  'timeout',
  'sqpoll-spinning',
  'sqpoll-idle',
]);

/** Every scene of ring_victim that needs nothing of the machine but io_uring. */
export const RINGS: readonly Scenario[] = EXPECTED.map(({ scene, severity, says, busy }) => ({
  name: `ring ${scene}`,
  needs: ['ioUring'],
  severity,
  says,
  ordinary: { severity, says },
  ...(HEALTHY.has(scene) ? { healthy: true } : {}),
  stage: async (stage) => {
    const options = busy === true ? { busy } : {};
    const { pid } = await startVictim(stage, stage.who, 'ring_victim', [scene], options);
    await standStill();
    return pid;
  },
}));
