import { printable } from '../model/printable';
import type { Finding, Sample } from '../model/sample';
import { cgroupLine } from './cgroups';
import { inContainer } from './containerWords';
import { diskLine } from './disks';
import { resourceWaiters } from './goroutineWords';
import { programName } from './programName';
import { remoteMountLine } from './remoteMounts';
import { aioLines } from './reportAio';
import type { Context } from './reportContext';
import { goroutineLines } from './reportGoroutines';
import { ringLines } from './reportRings';
import { blockedLines, idleLines } from './reportTasks';
import { resourceLine } from './resourceLine';
import { LABELS, styleFor, wrap } from './style';
import { waitingCode } from './waitingCode';
import { duration, sentence } from './words';

export interface ReportOptions {
  /** ANSI colours; only for a terminal. Default false. */
  readonly color?: boolean;
  /** Columns to wrap at. Default 100. */
  readonly width?: number;
  /** Full kernel stacks, idle threads, every descriptor, more of the requests. Default false. */
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
    aioLines(context),
    blockedLines(context),
    idleLines(context),
    goroutineLines(context),
    resourceLines(context),
    blindLines(context),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function heading({ sample, style, width }: Context): string[] {
  const { process, host } = sample;
  const command = printable(process.command.join(' '), 300);
  const facts = [
    `${printable(host.name, 80)} · Linux ${printable(host.kernel, 80)}`,
    process.age === undefined ? '' : `started ${duration(process.age)} ago`,
    process.uid === undefined ? '' : `user ${process.user ?? process.uid}`,
    inContainer(process) ?? '',
    process.tracer === undefined ? '' : `traced by ${process.tracer}`,
    `seen ${sample.takenAt.replace('T', ' ').slice(0, 19)} UTC`,
  ].filter(Boolean);
  const title = `${style.bold(`${printable(programName(process), 64)} (${process.pid})`)}  ${command}`;
  return [...wrap(title, width, '    '), ...wrap(style.dim(facts.join(' · ')), width, '    ')];
}

function findingLines({ sample, style, width }: Context, finding: Finding): string[] {
  const label = LABELS[finding.severity].padEnd(8);
  const indent = '        ';
  const code = waitingCode(sample, finding);
  const [first = '', ...rest] = wrap(indent + style.bold(printable(finding.summary)), width, indent);
  return [
    style.severity(finding.severity, label) + first.slice(first.startsWith(indent) ? indent.length : 0),
    ...rest,
    ...wrap(indent + printable(finding.explanation), width, indent),
    ...(code === '' ? [] : wrap(indent + code, width, indent)),
    ...wrap(`${indent}→ ${printable(finding.remedy)}`, width, `${indent}  `),
  ];
}

/** Descriptors shown without --verbose. */
const MOST_RESOURCES = 24;

function resourceLines({ sample, style, width, verbose }: Context): string[] {
  const { resources } = sample;
  if (resources.length === 0) return [];
  const shown = verbose ? resources : resources.slice(0, MOST_RESOURCES);
  const behind = [
    ...(sample.devices ?? []).map(diskLine),
    ...(sample.remoteMounts ?? []).map(remoteMountLine),
    ...(sample.cgroup ? [cgroupLine(sample.cgroup)] : []),
  ].filter((line) => line !== '');
  return [
    style.bold(`Files and sockets (${resources.length})`),
    ...shown.flatMap((resource) => {
      const facts = [resourceLine(resource), resourceWaiters(sample, resource)].filter(Boolean).join(' · ');
      return wrap(`  ${String(resource.fd).padStart(3)}  ${facts}`, width, '         ');
    }),
    ...(shown.length < resources.length
      ? [`  … ${resources.length - shown.length} more (--verbose lists them)`]
      : []),
    ...behind.flatMap((line) => wrap(`  ${line}`, width, '      ')),
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
