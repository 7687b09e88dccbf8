import { type ContainerOptions, startContained, startUnshared } from '../../real/support/containers';
import { mountHangfs } from '../../real/support/mounts';
import type { NeedName } from '../../real/support/rights';
import type { Right, Scenario, Stage } from '../scenario';
import { standStill } from '../stand';

type Started = Parameters<typeof startContained>[1];

/** The first process of a container of crun. */
function contained(
  name: string,
  program: Started,
  args: readonly string[],
  right: Right,
  options: (stage: Stage) => Promise<ContainerOptions> = async () => ({}),
  needs: readonly NeedName[] = [],
): Scenario {
  return {
    name: `container ${name}`,
    needs: ['containers', 'ioUring', ...needs],
    ...right,
    stage: async (stage) => {
      const { pid } = await startContained(stage, program, args, await options(stage));
      await standStill();
      return pid;
    },
  };
}

const MUTEX: Right = {
  severity: 'info',
  says: [/a mutex that thread holder \(\d+\) holds/],
};
const OTHER_END = /other-end \(\d+\)/;

const ofFuse = async (stage: Stage): Promise<ContainerOptions> => ({
  volumes: { '/mnt/data': (await mountHangfs(stage)).directory },
});

const OPENS: Right = {
  severity: 'info',
  says: [/4 opens of/, /another program to open the other end of a FIFO/],
};

/** Without an engine: namespaces of a user’s own. */
const UNSHARED: Scenario = {
  name: 'container of nobody',
  needs: ['userNamespaces', 'ioUring'],
  ...OPENS,
  // Which request is in which worker is not known then, and so not which paths are waited for.
  ordinary: { severity: 'info', says: [/4 opens wait for another program to open the other end of a FIFO/] },
  stage: async (stage) => {
    const { pid } = await startUnshared(stage, stage.who, 'ring_victim', ['fifo-open']);
    await standStill();
    return pid;
  },
};

/** The same causes as outside, where pids, paths and mounts are others for the program than for the inspector. */
export const CONTAINERS: readonly Scenario[] = [
  contained(
    'with a volume of a silent FUSE server',
    'ring_victim',
    ['file', '/mnt/data/hang-data', 'read', '4'],
    { severity: 'critical', says: [/4 reads of \/mnt\/data\/hang-data/, /FUSE server/, /hangfs \(\d+\)/] },
    ofFuse,
    ['fuse'],
  ),
  contained('with a held mutex', 'pends', ['lock-mutex'], MUTEX),
  contained('with a held lock of the kernel', 'pends', ['lock-pi'], MUTEX),
  contained('with an idle pipe', 'peers', ['pipe-read'], {
    severity: 'info',
    says: [/whose writer is/, OTHER_END],
  }),
  contained('with a FIFO that nobody opens', 'ring_victim', ['fifo-open'], OPENS),
  contained('with an idle SQPOLL thread', 'ring_victim', ['sqpoll-idle'], {
    severity: 'info',
    says: [/1 read waits for data in the pipe/],
  }),
  UNSHARED,
];
