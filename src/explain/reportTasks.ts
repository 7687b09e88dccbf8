import { printable } from '../model/printable';
import type { KernelFrame, Sample, Task } from '../model/sample';
import { plainName } from '../ring/issueFunctions';
import { namedLine } from './namedFiles';
import type { Context } from './reportContext';
import { threadLine } from './reportGoroutines';
import { type Style, wrap } from './style';
import { foldedFrames, frameMarks, frameText, isOwn } from './userFrames';
import { duration, operationNoun } from './words';

/** The tasks that wait for something, with their kernel stacks. */
export function blockedLines(context: Context): string[] {
  const { sample, style } = context;
  const tasks = sample.tasks.filter((task) => task.blockedOn && !task.blockedOn.idle);
  if (tasks.length === 0) return [];
  return [
    style.bold(`Blocked tasks (${tasks.length} of ${sample.tasks.length})`),
    ...groupLines(context, tasks, true),
  ];
}

/** The others; their stacks only where everything is asked for. */
export function idleLines(context: Context): string[] {
  const { sample, style } = context;
  const tasks = sample.tasks.filter((task) => !task.blockedOn || task.blockedOn.idle);
  if (tasks.length === 0) return [];
  return [style.bold(`Other tasks (${tasks.length})`), ...groupLines(context, tasks, context.verbose)];
}

/** Tasks with the same stacks and wait folded to one entry. */
function groupLines(context: Context, tasks: readonly Task[], stacks: boolean): string[] {
  const { sample, style, width } = context;
  const groups = groupBy(tasks, ({ kind, state, blockedOn, kernelStack = [] }) =>
    [kind, state, blockedOn?.text ?? '', kernelStack.map((frame) => frame.function).join('<')].join('|'),
  ).flatMap((group) => (stacks ? byUserStack(group) : [group]));
  return groups.flatMap((group) => {
    // Not of every thread of a crowd its stack is known.
    const first = group.find(({ userStack }) => userStack) ?? group[0];
    if (!first) return [];
    return [
      ...wrap(`  ${groupTitle(group, first)}`, width, '      '),
      ...namedLines(sample, group).flatMap((line) => wrap(`      ${line}`, width, '          ')),
      ...(stacks ? stackLines(first.kernelStack ?? [], first.blockedOn?.function, style) : []),
      ...(stacks ? userLines(context, first) : []),
      ...goroutineOf(context, group),
    ];
  });
}

function goroutineOf(context: Context, group: readonly Task[]): string[] {
  const lines = new Set(group.map((task) => threadLine(context, task)).filter(Boolean));
  return [...lines].flatMap((line) => wrap(`      ${line}`, context.width, '          '));
}

function groupBy(tasks: readonly Task[], keyOf: (task: Task) => string): Task[][] {
  const groups = new Map<string, Task[]>();
  for (const task of tasks) {
    const key = keyOf(task);
    const group = groups.get(key);
    if (group) group.push(task);
    else groups.set(key, [task]);
  }
  return [...groups.values()];
}

/** By where they are in the program; those of which that is not known stand with the others where these are all at one place. */
function byUserStack(tasks: readonly Task[]): Task[][] {
  const places = groupBy(tasks, ({ userStack = [] }) =>
    userStack.map(({ function: name, file, line }) => `${name} ${file}:${line}`).join('<'),
  );
  const told = places.filter(([first]) => first?.userStack !== undefined);
  return told.length <= 1 ? [[...tasks]] : places;
}

/** What such tasks name by a path, the first few. */
function namedLines({ namedFiles = [] }: Sample, group: readonly Task[]): string[] {
  const tids = new Set(group.map(({ tid }) => tid));
  const lines = new Set(namedFiles.filter(({ task }) => tids.has(task)).map(namedLine));
  return [...lines].slice(0, MOST_NAMED).map((line) => `names ${line}`);
}

const MOST_NAMED = 4;

const KIND_TEXT: Readonly<Record<Task['kind'], string>> = {
  thread: 'thread',
  worker: 'io-wq worker',
  sqpoll: 'SQPOLL thread',
};

function groupTitle(group: readonly Task[], first: Task): string {
  const times = group.flatMap((task) => (task.blocked === undefined ? [] : [task.blocked]));
  const names = [...new Set(group.map((task) => printable(task.name, 32)))].slice(0, 3).join(', ');
  const tids = group.map((task) => task.tid);
  const who =
    group.length === 1
      ? `${KIND_TEXT[first.kind]} ${names} (${first.tid})`
      : `${group.length} × ${KIND_TEXT[first.kind]} ${names} (${tids.slice(0, 4).join(', ')}${tids.length > 4 ? ', …' : ''})`;
  const doing = first.operation === undefined ? '' : `carries ${operationNoun(first.operation)}: `;
  const text =
    (first.blockedOn && printable(first.blockedOn.text, 300)) ??
    (first.state === 'R' ? 'runs' : unknownWait(first));
  const wake = first.blockedOn && !first.blockedOn.idle ? ` [${first.blockedOn.wake}]` : '';
  const since = times.length === 0 ? '' : ` · ${duration(Math.max(...times))}`;
  return `${who} ${first.state}${since} · ${doing}${text}${wake}`;
}

function unknownWait(task: Task): string {
  return task.wchan === undefined ? 'waits (not told in what)' : `waits in ${printable(task.wchan, 80)}`;
}

function stackLines(stack: readonly KernelFrame[], blocking: string | undefined, style: Style): string[] {
  return stack
    .filter((frame) => !/^(entry_|do_syscall_|ret_from_fork)/.test(plainName(frame.function)))
    .map((frame) => {
      const name =
        printable(frame.function, 120) + (frame.module === null ? '' : ` [${printable(frame.module, 60)}]`);
      return frame.function === blocking
        ? `      ${style.bold(name)}  ← blocked here`
        : style.dim(`      ${name}`);
    });
}

/** Where the thread is in its program, the program's own code in plain; as a whole where everything is asked for. */
function userLines({ style, width, verbose }: Context, { userStack = [], userStackNote }: Task): string[] {
  const frames = verbose ? userStack : foldedFrames(userStack);
  const lines = frames.map((frame) => {
    if (typeof frame === 'string') return style.dim(frame);
    const marks = frameMarks(frame);
    const text = frameText(frame, verbose) + (marks.length === 0 ? '' : ` (${marks.join(', ')})`);
    return isOwn(frame) ? text : style.dim(text);
  });
  const note = userStackNote === undefined ? [] : [style.dim(`its stack ${printable(userStackNote, 300)}`)];
  return [...lines, ...note].flatMap((line) => wrap(`      ${line}`, width, '          '));
}
