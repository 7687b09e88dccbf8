import { severityOf } from '../explain/blame';
import { namedLine } from '../explain/namedFiles';
import { frameText } from '../explain/userFrames';
import { duration } from '../explain/words';
import { printable } from '../model/printable';
import type { KernelFrame, Sample, Task, UserFrame, Wake } from '../model/sample';
import { fact, type Item, indexed, list, memoryOf } from './items';
import { descriptorItem } from './resourceItems';
import { kernelName, taskStack } from './taskStack';

const WAKES: Readonly<Record<Wake, string>> = {
  interruptible: 'any signal ends the wait',
  killable: 'only a fatal signal ends the wait',
  uninterruptible: 'no signal ends the wait, not even SIGKILL',
};

/** A thread, worker or SQPOLL thread. */
export function taskItem(task: Task, sample: Sample, name = `thread ${task.tid}`): Item {
  return {
    name,
    value: taskLine(task),
    type: printable(task.kind, 32),
    evaluate: `thread ${task.tid}`,
    below: { named: () => [...waitItems(task, sample), ...stackItems(task)] },
  };
}

/** "iou-wrk-7 (4245) · waits for the FUSE server’s answer · D · 31 s". */
export function taskLine({ name, tid, state, blocked, blockedOn, wchan }: Task): string {
  const what = blockedOn?.text ?? (wchan && wchan !== '0' ? `in ${wchan}` : undefined);
  return [
    `${printable(name, 64)} (${tid})`,
    what && printable(what, 300),
    state,
    blocked !== undefined && duration(blocked),
  ]
    .filter(Boolean)
    .join(' · ');
}

/** What a task waits for, and in what. */
export function waitItems(task: Task, sample: Sample): readonly Item[] {
  const { blockedOn, blocked, syscall, operation, state, wchan, kind } = task;
  const named = (sample.namedFiles ?? []).filter((one) => one.task === task.tid);
  const fd = blockedOn?.fd;
  return [
    ...fact('waits', blockedOn ? `it ${blockedOn.text}` : undefined),
    ...fact('for', blocked === undefined ? undefined : duration(blocked)),
    ...fact('stuck', severityOf(task, sample) === 'critical' ? 'yes: see the findings' : undefined),
    ...fact('carries', operation),
    ...(fd === undefined ? [] : [descriptorItem(fd, sample, 'about')]),
    ...named.map((file) => ({ name: 'names', value: namedLine(file) })),
    ...fact('kernel function', blockedOn?.function ?? wchan),
    ...fact('subsystem', blockedOn?.subsystem),
    ...fact('ends', blockedOn ? WAKES[blockedOn.wake] : undefined),
    ...fact('state', state),
    ...fact('kind', kind),
    ...(syscall
      ? [
          {
            name: 'system call',
            value: printable(`${syscall.name ?? syscall.number}(${syscall.args.join(', ')})`, 300),
            below: indexed(syscall.args, (value, index) => argumentItem(value, index)),
          },
        ]
      : []),
    ...fact('its path', syscall?.path),
    ...fact('its address', syscall?.address),
    ...list('it polls', syscall?.polls ?? [], (polled) => descriptorItem(polled, sample)),
  ];
}

function argumentItem(value: string, index: number): Item {
  return { name: `[${index}]`, value: printable(value, 32), ...memoryOf(value) };
}

function stackItems(task: Task): readonly Item[] {
  const { kernelStack = [], userStack = [] } = task;
  if (kernelStack.length + userStack.length === 0) return [];
  return [
    {
      name: 'stack',
      value: `${kernelStack.length} frames in the kernel, ${userStack.length} in the program`,
      below: {
        named: () => {
          const stack = taskStack(task);
          return Array.from({ length: stack.total }, (_, index) => ({
            name: `[${index}]`,
            value: stack.at(index).name,
          }));
        },
      },
    },
  ];
}

/** What is known of one frame. */
export function frameItems(kernel: KernelFrame | undefined, user: UserFrame | undefined): readonly Item[] {
  if (kernel)
    return [
      ...fact('kernel function', kernelName(kernel)),
      ...fact('module', kernel.module ?? 'the kernel itself'),
    ];
  if (!user) return [];
  return [
    ...fact('function', frameText(user, true)),
    ...fact('address', user.address, memoryOf(user.address)),
    ...fact('binary', user.binary ?? 'none: no file holds this code'),
    ...fact('inlined', user.inlined),
    ...fact(
      'how sure',
      user.trust === 'proven'
        ? 'proven by unwind tables'
        : 'probable: found by looking through the stack, not proven by unwind tables',
    ),
  ];
}
