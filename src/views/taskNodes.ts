import { namedLine } from '../explain/namedFiles';
import { duration } from '../explain/words';
import { t } from '../model/l10n';
import { printable } from '../model/printable';
import type { KernelFrame, Sample, Task, Wake } from '../model/sample';
import { markdownCode, markdownText } from './escape';
import { threadGoroutines } from './goroutineNodes';
import { KERNEL_FRAME_CONTEXT } from './ids';
import { type Node, type NodeIcon, paged } from './node';
import { colored } from './severity';
import { taskSource, userRows } from './sourceRows';
import { count, dots, grouped, shown } from './words';

const WAKES: Record<Wake, string> = {
  interruptible: t('any signal ends the wait'),
  killable: t('only a fatal signal ends the wait'),
  uninterruptible: t('no signal ends the wait, not even SIGKILL'),
};

const STATES: Readonly<Record<string, string>> = {
  R: t('running'),
  S: t('sleeping'),
  D: t('uninterruptible sleep'),
  I: t('idle'),
  T: t('stopped'),
  t: t('stopped by a tracer'),
  Z: t('zombie'),
  X: t('dead'),
};

/** Two rows: the tasks that wait for something, and the others. */
export function taskNodes(sample: Sample): readonly Node[] {
  const { tasks } = sample;
  const blocked = tasks.filter(isBlocked);
  const others = tasks.filter((task) => !isBlocked(task));
  const rows: Node[] = [];
  if (blocked.length > 0) {
    const of = others.length > 0 ? t('{0} of {1}', blocked.length, tasks.length) : `${blocked.length}`;
    rows.push(section('blocked', t('Blocked threads and workers ({0})', of), blocked, 'watch', sample));
  }
  if (others.length > 0) {
    const label = blocked.length > 0 ? t('Other threads') : t('Threads and workers');
    rows.push(section('others', `${label} (${others.length})`, others, 'server-process', sample));
  }
  return rows;
}

function isBlocked({ state, blockedOn }: Task): boolean {
  return state === 'D' || (blockedOn !== undefined && blockedOn.idle !== true);
}

function section(id: string, label: string, tasks: readonly Task[], icon: string, sample: Sample): Node {
  return {
    id,
    label,
    icon: { id: icon },
    expanded: id === 'blocked',
    children: () => paged(groups(tasks), (group) => groupRow(group, sample)),
  };
}

interface Group {
  readonly key: string;
  readonly tasks: readonly [Task, ...Task[]];
}

/** Tasks of a kind that wait in the same place are one row; many and long-waiting ones come first. */
function groups(tasks: readonly Task[]): readonly Group[] {
  const found = new Map<string, [Task, ...Task[]]>();
  for (const task of tasks) {
    const { kind, state, operation, blockedOn, wchan } = task;
    const place = blockedOn ? [blockedOn.function, blockedOn.text, blockedOn.fd ?? ''] : [wchan ?? ''];
    const key = JSON.stringify([kind, state, operation ?? '', ...place]);
    const group = found.get(key);
    if (group) group.push(task);
    else found.set(key, [task]);
  }
  return [...found]
    .map(([key, members]) => ({ key, tasks: members }))
    .sort((a, b) => rank(b) - rank(a) || longest(b.tasks) - longest(a.tasks));
}

function rank({ tasks }: Group): number {
  return tasks[0].state === 'D' ? 1 : 0;
}

function longest(tasks: readonly Task[]): number {
  return tasks.reduce((most, { blocked }) => Math.max(most, blocked ?? 0), 0);
}

function groupRow({ key, tasks }: Group, sample: Sample): Node {
  const [first] = tasks;
  if (tasks.length === 1) return taskRow(first, sample);
  const names = new Set(tasks.map(({ name }) => name));
  const who = first.kind === 'thread' && names.size === 1 ? shown(first.name, 64) : kindName(first);
  const waiting = tasks.map(({ blocked }) => blocked).filter((seconds) => seconds !== undefined);
  return {
    id: key,
    label: `${grouped(tasks.length)} × ${who}`,
    description: dots(place(first), first.operation && shown(first.operation), first.state, span(waiting)),
    icon: taskIcon(first, sample),
    tooltip: () => taskTooltip(first, count(tasks.length, 'task')),
    children: () => paged(tasks, (task) => taskRow(task, sample)),
  };
}

function span(seconds: readonly number[]): string | undefined {
  if (seconds.length === 0) return undefined;
  const least = Math.min(...seconds);
  const most = Math.max(...seconds);
  return most - least < 1 ? duration(most) : t('{0} to {1}', duration(least), duration(most));
}

/** Of a task's row, the same at the next look. */
export const taskId = ({ tid }: Pick<Task, 'tid'>): string => `task-${tid}`;

/** A task with its kernel stack below it, then what is known of its own. */
export function taskRow(task: Task, sample: Sample): Node {
  return {
    id: taskId(task),
    ...taskSource(task),
    label: `${shown(task.name, 64)} (${task.tid})`,
    description: dots(
      place(task),
      task.operation && shown(task.operation),
      task.state,
      task.blocked === undefined ? undefined : duration(task.blocked),
    ),
    icon: taskIcon(task, sample),
    tooltip: () => taskTooltip(task),
    children: () => frames(task, sample),
  };
}

function place({ state, blockedOn, wchan }: Task): string {
  if (blockedOn) return shown(blockedOn.text);
  if (wchan && wchan !== '0') return t('in {0}', shown(wchan));
  return STATES[state] ?? '';
}

function kindName({ kind }: Task): string {
  return { worker: t('io-wq worker'), sqpoll: t('SQPOLL thread'), thread: t('thread') }[kind];
}

function taskIcon(task: Task, sample: Sample): NodeIcon {
  if (isBlocked(task)) return colored('circle-filled', task, sample);
  return colored(task.state === 'R' ? 'play-circle' : 'circle-outline', task, sample);
}

function taskTooltip(task: Task, who?: string): string {
  const { blockedOn, syscall, state, blocked } = task;
  const lines = [`**${markdownText(who ?? `${printable(task.name)} (${task.tid})`)}** — ${kindName(task)}`];
  const since = blocked === undefined ? '' : t(' for {0}', duration(blocked));
  lines.push(`${markdownText(STATES[state] ?? printable(state))}${since}`);
  if (blockedOn) {
    const { subsystem, text, wake } = blockedOn;
    lines.push(
      t(
        'It {0}: kernel function {1}, {2}; {3}\\.',
        markdownText(printable(text)),
        markdownCode(printable(blockedOn.function)),
        markdownText(printable(subsystem)),
        WAKES[wake],
      ),
    );
  }
  if (syscall)
    lines.push(t('In system call {0}', markdownCode(printable(syscall.name ?? String(syscall.number)))));
  return lines.join('\n\n');
}

function frames(task: Task, sample: Sample): readonly Node[] {
  const { kernelStack, blockedOn, syscall } = task;
  const rows: Node[] = [];
  if (kernelStack === undefined) {
    rows.push({
      id: 'no-stack',
      label: t('Kernel stack not visible'),
      description: t('needs CAP_SYS_ADMIN'),
      icon: { id: 'eye-closed' },
      tooltip: () =>
        t('Reading the kernel stack of a thread needs CAP\\_SYS\\_ADMIN: run the editor’s server as root\\.'),
    });
  } else if (kernelStack.length === 0) {
    rows.push({ id: 'empty-stack', label: t('Not inside the kernel'), icon: { id: 'dash' } });
  }
  const blocking = kernelStack?.findIndex((frame) => frame.function === blockedOn?.function);
  const kernel = kernelStack ?? [];
  const here = colored('arrow-right', task, sample);
  rows.push(
    ...paged(kernel, (frame, index) => ({
      ...kernelRow(index, frame, index === blocking ? here : undefined),
      context: KERNEL_FRAME_CONTEXT,
      kernelFrame: { frame, stack: kernel, host: sample.host },
    })),
  );
  if (syscall) {
    rows.push({
      id: 'syscall',
      label: t('system call {0}', shown(syscall.name ?? String(syscall.number), 64)),
      description: shown(syscall.args.join(', ')),
      icon: { id: 'symbol-method' },
    });
  }
  for (const [index, file] of (sample.namedFiles ?? []).filter((one) => one.task === task.tid).entries()) {
    rows.push({
      id: `names-${index}`,
      label: t('names'),
      description: shown(namedLine(file)),
      icon: { id: 'file' },
    });
  }
  rows.push(...userRows(task), ...threadGoroutines(sample, task));
  return rows;
}

/** `here` marks the frame the task waits in. */
function kernelRow(index: number, frame: KernelFrame, here: NodeIcon | undefined): Node {
  const name = shown(frame.function);
  const offset = `+0x${frame.offset.toString(16)}/0x${frame.size.toString(16)}`;
  return {
    id: `kernel-${index}`,
    label: name,
    description: dots(
      here && t('waits here'),
      frame.module !== null && t('module {0}', shown(frame.module)),
      offset,
    ),
    icon: here ?? { id: 'debug-stackframe-dot' },
    spoken: here ? t('kernel function {0}, waits here', name) : t('kernel function {0}', name),
  };
}
