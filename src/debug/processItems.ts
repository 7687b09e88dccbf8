import { cgroupLine } from '../explain/cgroups';
import { inContainer } from '../explain/containerWords';
import { diskLine } from '../explain/disks';
import { headline } from '../explain/summary';
import { duration } from '../explain/words';
import { printable } from '../model/printable';
import type { Blindness, Sample } from '../model/sample';
import { fact, type Item, list } from './items';
import { resourceItem } from './resourceItems';
import { aioItem, ringItem } from './ringItems';
import { taskItem } from './taskItems';

/** The process and its host, all that is open, what could not be seen. */
export function processItems(sample: Sample): readonly Item[] {
  const { process, host, resources, tasks, devices = [], cgroup } = sample;
  return [
    ...fact('summary', headline(sample)),
    ...fact('pid', process.pid),
    ...fact('name', process.name),
    ...fact('command', process.command.join(' ')),
    ...fact('executable', process.executable),
    ...fact('user', process.user ?? process.uid),
    ...fact('container', inContainer(process)),
    ...fact('control group', cgroup && cgroupLine(cgroup)),
    ...fact('started', process.age === undefined ? undefined : `${duration(process.age)} ago`),
    ...fact('traced by', process.tracer),
    ...list('rings', sample.rings, (ring, index) => ringItem(ring, sample, `[${index}]`)),
    ...list('Linux AIO', sample.aio ?? [], (context, index) => aioItem(context, sample, `[${index}]`)),
    ...list('threads', tasks, (task, index) => taskItem(task, sample, `[${index}]`)),
    ...list('files and sockets', resources, (resource) => resourceItem(resource, sample)),
    ...list('block devices', devices, (disk, index) => ({ name: `[${index}]`, value: diskLine(disk) })),
    ...list('not visible', sample.notVisible, blindItem),
    ...fact('host', `${host.name}, Linux ${host.kernel}, ${host.arch}`),
    ...fact('seen at', sample.takenAt),
  ];
}

/** Something that could not be seen, with why and what would show it. */
export function blindItem({ what, why, remedy }: Blindness, index: number): Item {
  return {
    name: `[${index}]`,
    value: printable(`${what}: ${why}`, 1000),
    ...(remedy === undefined ? {} : { below: { named: () => fact('what would show it', remedy) } }),
  };
}
