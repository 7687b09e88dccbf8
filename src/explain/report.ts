import { printable } from '../model/printable';
import type { Finding, KernelFrame, Request, Ring, Sample, Severity, Task } from '../model/sample';
import { plainName } from '../ring/issueFunctions';
import { programName } from './programName';
import { resourceLine } from './resourceLine';
import { type Style, styleFor, wrap } from './style';
import { counted, duration, operationLabel, operationNoun, sentence } from './words';

export interface ReportOptions {
  /** ANSI colours; only for a terminal. Default false. */
  readonly color?: boolean;
  /** Columns to wrap at. Default 100. */
  readonly width?: number;
  /** Full kernel stacks, idle threads, every descriptor. Default false. */
  readonly verbose?: boolean;
}

/** Everything a Sample tells, the answer first, as plain text. Text of the target is made harmless. */
export function reportText(sample: Sample, options: ReportOptions = {}): string {
  const context: Context = {
    sample,
    style: styleFor(options.color ?? false),
    width: Math.max(40, options.width ?? 100),
    verbose: options.verbose ?? false,
  };
  const sections = [
    heading(context),
    sample.findings.flatMap((finding, index) => [
      ...(index > 0 ? [''] : []),
      ...findingLines(context, finding),
    ]),
    ringLines(context),
    blockedLines(context),
    idleLines(context),
    resourceLines(context),
    blindLines(context),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

interface Context {
  readonly sample: Sample;
  readonly style: Style;
  readonly width: number;
  readonly verbose: boolean;
}

function heading({ sample, style, width }: Context): string[] {
  const { process, host } = sample;
  const command = printable(process.command.join(' '), 300);
  const facts = [
    `${printable(host.name, 80)} · Linux ${printable(host.kernel, 80)}`,
    process.age === undefined ? '' : `started ${duration(process.age)} ago`,
    process.uid === undefined ? '' : `user ${process.user ?? process.uid}`,
    process.container ? printable(process.container, 80) : '',
    process.namespacePids ? `pid ${process.namespacePids.at(-1)} in its own namespace` : '',
    process.tracer === undefined ? '' : `traced by ${process.tracer}`,
    `seen ${sample.takenAt.replace('T', ' ').slice(0, 19)} UTC`,
  ].filter(Boolean);
  const title = `${style.bold(`${printable(programName(process), 64)} (${process.pid})`)}  ${command}`;
  return [...wrap(title, width, '    '), ...wrap(style.dim(facts.join(' · ')), width, '    ')];
}

const LABELS: Readonly<Record<Severity, string>> = { critical: 'STUCK', warning: 'CHECK', info: 'INFO' };

function findingLines({ style, width }: Context, finding: Finding): string[] {
  const label = LABELS[finding.severity].padEnd(8);
  const indent = '        ';
  const [first = '', ...rest] = wrap(indent + style.bold(printable(finding.summary)), width, indent);
  return [
    style.severity(finding.severity, label) + first.slice(first.startsWith(indent) ? indent.length : 0),
    ...rest,
    ...wrap(indent + printable(finding.explanation), width, indent),
    ...wrap(`${indent}→ ${printable(finding.remedy)}`, width, `${indent}  `),
  ];
}

function ringLines(context: Context): string[] {
  const { sample, style, width } = context;
  if (sample.rings.length === 0) return [style.bold('Rings'), '  none: this process has no io_uring open'];
  return [
    style.bold(`Rings (${sample.rings.length})`),
    ...sample.rings.flatMap((ring) => [
      ...wrap(`  ${ringLine(ring)}`, width, '      '),
      ...requestLines(sample.requests.filter((r) => r.ring === ring.id)).map((line) => `    ${line}`),
      ...restLines(ring).map((line) => `    ${line}`),
    ]),
    ...requestLines(sample.requests.filter((r) => r.ring === null)).map(
      (line) => `  of one of the rings: ${line}`,
    ),
  ];
}

function ringLine(ring: Ring): string {
  const where =
    ring.fd === null ? 'descriptor closed' : `fd ${[ring.fd, ...(ring.duplicates ?? [])].join(', ')}`;
  const name = `ring ${ring.id} · ${where}${ring.setup.length > 0 ? ` · ${ring.setup.join(' ')}` : ''}`;
  if (!ring.readable) return `${name} · counters not readable`;
  if (ring.inFlight === undefined) return `${name} · this kernel prints no counters`;
  const queues = `SQ ${ring.sqHead}/${ring.sqTail} of ${ring.sqEntries}, CQ ${ring.cqHead}/${ring.cqTail} of ${ring.cqEntries}`;
  const overflow = ring.overflowed ? ` · ${ring.overflowed} overflowed` : '';
  return `${name} · ${ring.inFlight} in flight · ${queues}${overflow}${ring.skew ? ` (${ring.skew})` : ''}`;
}

function restLines(ring: Ring): string[] {
  const rest = (ring.inFlight ?? 0) - (ring.explained ?? 0);
  return rest > 0 ? [`${rest} × in flight, not listed by /proc`] : [];
}

/** Equal requests folded to one line: "8 × READ running, 31 s". */
function requestLines(requests: readonly Request[]): string[] {
  const groups = new Map<string, Request[]>();
  for (const request of requests) {
    const key = [request.operation, request.state, request.fd ?? '', request.result ?? ''].join('|');
    groups.set(key, [...(groups.get(key) ?? []), request]);
  }
  return [...groups.values()].map((group) => {
    const [first] = group;
    if (!first) return '';
    const ages = group.flatMap((r) => (r.age === undefined ? [] : [r.age]));
    const facts = [
      `${group.length} × ${operationLabel(first.operation)} ${STATE_TEXT[first.state]}`,
      first.fd == null ? '' : `fd ${first.fd}`,
      first.result == null ? '' : `result ${first.result}`,
      ages.length === 0 ? '' : duration(Math.max(...ages)),
    ];
    return facts.filter(Boolean).join(', ');
  });
}

const STATE_TEXT: Readonly<Record<Request['state'], string>> = {
  prepared: 'prepared, not submitted',
  running: 'running in a task',
  queued: 'queued for a worker',
  polling: 'armed for readiness',
  waiting: 'waiting',
  issued: 'in the device or file system',
  timeout: 'timer',
  linked: 'linked behind another',
  drained: 'held back by drain',
  completed: 'completed, not collected',
  overflowed: 'completed, overflowed',
};

function blockedLines(context: Context): string[] {
  const { sample, style } = context;
  const tasks = sample.tasks.filter((task) => task.blockedOn && !task.blockedOn.idle);
  if (tasks.length === 0) return [];
  return [
    style.bold(`Blocked tasks (${tasks.length} of ${sample.tasks.length})`),
    ...groupLines(context, tasks, true),
  ];
}

function idleLines(context: Context): string[] {
  const { sample, style } = context;
  const tasks = sample.tasks.filter((task) => !task.blockedOn || task.blockedOn.idle);
  if (tasks.length === 0) return [];
  return [style.bold(`Other tasks (${tasks.length})`), ...groupLines(context, tasks, context.verbose)];
}

/** Tasks with the same stack and wait folded to one entry. */
function groupLines({ style, width }: Context, tasks: readonly Task[], stacks: boolean): string[] {
  const groups = new Map<string, Task[]>();
  for (const task of tasks) {
    const stack = (task.kernelStack ?? []).map((frame) => frame.function).join('<');
    const key = [task.kind, task.state, task.blockedOn?.text ?? '', stack].join('|');
    groups.set(key, [...(groups.get(key) ?? []), task]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    return [
      ...wrap(`  ${groupTitle(group, first)}`, width, '      '),
      ...(stacks ? stackLines(first.kernelStack ?? [], first.blockedOn?.function, style) : []),
    ];
  });
}

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
  const doing =
    first.operation === undefined ? '' : `carries ${counted(1, operationNoun(first.operation)).slice(2)}: `;
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

/** Descriptors shown without --verbose. */
const MOST_RESOURCES = 24;

function resourceLines({ sample, style, width, verbose }: Context): string[] {
  const { resources } = sample;
  if (resources.length === 0) return [];
  const shown = verbose ? resources : resources.slice(0, MOST_RESOURCES);
  const devices = (sample.devices ?? []).map((device) => {
    const inFlight = (device.inFlightReads ?? 0) + (device.inFlightWrites ?? 0);
    const backing = device.backingFile === undefined ? '' : ` over ${printable(device.backingFile, 200)}`;
    return `  disk ${device.name}${backing}: ${inFlight} in flight${device.suspended ? ', suspended' : ''}`;
  });
  return [
    style.bold(`Files and sockets (${resources.length})`),
    ...shown.flatMap((resource) =>
      wrap(`  ${String(resource.fd).padStart(3)}  ${resourceLine(resource)}`, width, '         '),
    ),
    ...(shown.length < resources.length
      ? [`  … ${resources.length - shown.length} more (--verbose lists them)`]
      : []),
    ...devices,
  ];
}

function blindLines({ sample, style, width }: Context): string[] {
  if (sample.notVisible.length === 0) return [];
  return [
    style.bold('Not visible'),
    ...sample.notVisible.flatMap((row) =>
      wrap(
        `  ${sentence(printable(row.what, 200))}: ${printable(row.why, 300)}${row.remedy ? ` → ${printable(row.remedy, 200)}` : ''}`,
        width,
        '      ',
      ),
    ),
  ];
}
