import { ageWords } from '../../explain/requestAge';
import { isInFlight, stateWords } from '../../explain/requestStates';
import { requestTarget } from '../../explain/requestWords';
import { inFlight } from '../../explain/ringCounts';
import { counted, duration, grouped, operationLabel, processName } from '../../explain/words';
import { UserError } from '../../model/errors';
import { printable } from '../../model/printable';
import type { Finding, Request, Ring, Sample, Task } from '../../model/sample';

/** Rows of one kind that are told one by one. */
const MOST = 20;

/**
 * What has changed from one Sample of a process to a later one, as text. Throws a UserError of code `usage` where they are not of one
 * process.
 */
export function differenceText(one: Sample, other: Sample): string {
  const [before, after] = Date.parse(one.takenAt) <= Date.parse(other.takenAt) ? [one, other] : [other, one];
  refuseOthers(before, after);
  const { pid, name } = after.process;
  const apart = (Date.parse(after.takenAt) - Date.parse(before.takenAt)) / 1000;
  const parts = [
    [`${printable(processName({ pid, name }))}, ${duration(apart)} later`],
    findingLines(before, after),
    after.rings.flatMap((ring) => ringLines(ring, before, apart)),
    before.rings
      .filter((ring) => !sameRing(ring, after))
      .map(({ id, fd }) => `- ring ${id} (fd ${fd ?? '?'}) has been closed`),
    requestLines(before, after),
    taskLines(before, after),
    deviceLines(before, after),
  ];
  return `${parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function refuseOthers(before: Sample, after: Sample): void {
  const [a, b] = [before.process, after.process];
  if (before.host.name === after.host.name && a.pid === b.pid && a.startTime === b.startTime) return;
  const words = ({ process: { pid, name }, host }: Sample) =>
    printable(`${name} (${pid}) on ${host.name}`, 100);
  throw new UserError(
    'usage',
    'The two Samples are not of one process.',
    `One is of ${words(before)}, the other of ${words(after)}${a.pid === b.pid ? ', started at another time' : ''}.`,
    'Give two Samples of the same process: --save writes them.',
  );
}

function findingLines(before: Sample, after: Sample): string[] {
  const key = ({ tag, severity, summary }: Finding) => `${severity} ${tag} ${withoutNumbers(summary)}`;
  const [then, now] = [new Set(before.findings.map(key)), new Set(after.findings.map(key))];
  const words = (mark: string, { severity, summary }: Finding) =>
    `${mark} ${severity}: ${printable(summary)}`;
  return [
    ...before.findings.filter((finding) => !now.has(key(finding))).map((finding) => words('-', finding)),
    ...after.findings.map((finding) => words(then.has(key(finding)) ? '=' : '+', finding)),
  ];
}

/** Ages and counts go on; what they are said of is the finding. */
function withoutNumbers(text: string): string {
  return text.replace(/\d[\d.,]*/g, '#');
}

function ringLines(ring: Ring, before: Sample, apart: number): string[] {
  const then = sameRing(ring, before);
  const name = `ring ${ring.id} (fd ${ring.fd ?? '?'})`;
  if (!then) return [`+ ${name} is new, ${grouped(inFlight(ring) ?? 0)} in flight`];
  const moved = (now: number | undefined, was: number | undefined, word: string) => {
    if (now === undefined || was === undefined) return undefined;
    const count = (now - was) >>> 0;
    const rate = apart > 0 && count > 0 ? ` (${grouped(Math.round(count / apart))}/s)` : '';
    return `${grouped(count)} ${word}${rate}`;
  };
  const facts = [
    moved(ring.sqHead, then.sqHead, 'submitted'),
    moved(ring.cqTail, then.cqTail, 'completed'),
    `in flight ${grouped(inFlight(then) ?? 0)} → ${grouped(inFlight(ring) ?? 0)}`,
    ring.overflowed === then.overflowed
      ? undefined
      : `overflowed ${grouped(then.overflowed ?? 0)} → ${grouped(ring.overflowed ?? 0)}`,
  ];
  return [`  ${name}: ${facts.filter((fact) => fact !== undefined).join(', ')}`];
}

function sameRing({ id, fd, inode }: Ring, { rings }: Sample): Ring | undefined {
  return rings.find(
    (ring) =>
      ring.fd === fd && (ring.inode ?? inode) === (inode ?? ring.inode) && (fd !== null || ring.id === id),
  );
}

/** By what they ask for: of a program that asks for the same again, a new one may be taken for the old. */
function requestLines(before: Sample, after: Sample): string[] {
  const left = new Map<string, number>();
  for (const request of before.requests.filter(isInFlight)) {
    const key = keyOf(request);
    left.set(key, (left.get(key) ?? 0) + 1);
  }
  const stays: Request[] = [];
  const fresh: Request[] = [];
  for (const request of after.requests.filter(isInFlight)) {
    const key = keyOf(request);
    const count = left.get(key) ?? 0;
    if (count > 0) left.set(key, count - 1);
    (count > 0 ? stays : fresh).push(request);
  }
  const gone = [...left.values()].reduce((sum, count) => sum + count, 0);
  return [
    ...listed('=', 'still pending', stays, after),
    ...listed('+', 'new', fresh, after),
    ...(gone > 0 ? [`- ${counted(gone, 'request')} no longer pending`] : []),
  ];
}

function keyOf({ ring, operation, fd, fixedFile, offset, length, address, userData }: Request): string {
  return [ring, operation, fd, fixedFile, offset, length, address, userData].join(' ');
}

function listed(mark: string, what: string, requests: readonly Request[], sample: Sample): string[] {
  if (requests.length === 0) return [];
  const rows = requests.slice(0, MOST).map((request) => {
    const target = requestTarget(sample, request);
    const age = ageWords([request]);
    const facts = [
      `${operationLabel(request.operation)}${target === undefined ? '' : ` ${target}`}`,
      stateWords(request, sample),
      ...(request.userData === undefined ? [] : [`user_data ${request.userData}`]),
      ...(age === undefined ? [] : [age]),
    ];
    return `    ${printable(facts.join(' · '), 300)}`;
  });
  const rest = requests.length - rows.length;
  return [
    `${mark} ${counted(requests.length, 'request')} ${what}`,
    ...rows,
    ...(rest > 0 ? [`    and ${grouped(rest)} more`] : []),
  ];
}

function taskLines(before: Sample, after: Sample): string[] {
  const then = new Map(before.tasks.map((task) => [task.tid, task]));
  const now = new Set(after.tasks.map(({ tid }) => tid));
  const changed = after.tasks.flatMap((task) => {
    const was = then.get(task.tid);
    if (!was) return [`+ ${taskWords(task)}`];
    return was.state === task.state && was.blockedOn?.function === task.blockedOn?.function
      ? []
      : [`  ${taskWords(task)}; before: ${printable(was.blockedOn?.text ?? `state ${was.state}`, 200)}`];
  });
  const gone = before.tasks
    .filter(({ tid }) => !now.has(tid))
    .map(({ tid, name }) => `- ${printable(name, 64)} (${tid}) has ended`);
  const lines = [...changed, ...gone];
  return lines.length > MOST
    ? [...lines.slice(0, MOST), `  and ${grouped(lines.length - MOST)} more tasks`]
    : lines;
}

function taskWords({ tid, name, state, blockedOn }: Task): string {
  return printable(`${name} (${tid}) ${blockedOn?.text ?? `is in state ${state}`}`, 300);
}

function deviceLines(before: Sample, { devices = [] }: Sample): string[] {
  return devices.flatMap(({ name, completed }) => {
    const then = before.devices?.find((device) => device.name === name)?.completed;
    if (completed === undefined || then === undefined) return [];
    const count = completed - then;
    return [
      `  disk ${printable(name, 64)}: ${count > 0 ? `${counted(count, 'request')} finished` : 'has finished nothing'}`,
    ];
  });
}
