import { originSteps } from '../explain/originWords';
import { ownLine, ownOrigin } from '../explain/ownCode';
import { baseName, frameMarks, frameText, isOwn } from '../explain/userFrames';
import { t } from '../model/l10n';
import { printable } from '../model/printable';
import type { Origin, Request, SourcePlace, Task, UserFrame } from '../model/sample';
import { noFile } from '../source/sourcePaths';
import { markdownCode, markdownText } from './escape';
import { SOURCE_CONTEXT, STACK_CONTEXT } from './ids';
import { type Node, paged, type SourceLink } from './node';
import { dots, shown } from './words';

/** What a row needs so that it leads to a line, and its stack can be copied. */
type Linked = Pick<Node, 'source' | 'stack' | 'context'>;

/** What of a thread, or of a goroutine, its stack is. */
export type UserStack = Pick<Task, 'userStack' | 'userStackNote'>;

/** A thread's frames in the program, and why there are none or no more. */
export function userRows(task: UserStack): readonly Node[] {
  const { userStack = [], userStackNote } = task;
  const stack = () => stackText(userStack, userStackNote);
  return [
    ...paged(userStack, (frame, index) => userRow(frame, index, stack)),
    ...(userStackNote === undefined
      ? []
      : [
          {
            id: 'user-note',
            label: `its stack ${shown(userStackNote)}`,
            icon: { id: 'info' },
            tooltip: () => markdownText(printable(`its stack ${userStackNote}`)),
          },
        ]),
  ];
}

/** What is not the program's own is paler. */
function userRow(frame: UserFrame, index: number, stack: () => string): Node {
  const { file, line, binary, address } = frame;
  const own = isOwn(frame);
  const place = line === undefined ? '' : `:${line}`;
  const where = file === undefined ? (binary ?? address) : baseName(file) + place;
  return {
    id: `user-${index}`,
    label: shown(frame.function),
    description: dots(shown(where), ...frameMarks(frame)),
    icon: { id: own ? 'symbol-function' : 'circle-small', ...(own ? {} : { color: 'disabledForeground' }) },
    tooltip: () => frameTooltip(frame),
    spoken: t('function {0}{1}', frameText(frame), own ? '' : t(', not of the program itself')),
    ...linked(linkOf(frame), stack),
  };
}

function frameTooltip({ function: name, file, line, binary, address, trust }: UserFrame): string {
  const lines = [`**${markdownText(printable(name))}**`];
  if (file !== undefined) lines.push(markdownCode(printable(line === undefined ? file : `${file}:${line}`)));
  const why = file === undefined ? undefined : noFile(file);
  if (why !== undefined) lines.push(t('There is no file to open: {0}\\.', markdownText(why)));
  lines.push(
    t(
      'at {0}{1}',
      markdownCode(printable(address)),
      binary === undefined ? '' : t(' in {0}', markdownCode(printable(binary))),
    ),
  );
  if (trust === 'probable')
    lines.push(t('Probable: found by looking through the stack, not proven by unwind tables\\.'));
  return lines.join('\n\n');
}

const ORIGIN_ICONS: Readonly<Record<string, string>> = {
  object: 'symbol-class',
  method: 'symbol-method',
  'user_data is': 'symbol-numeric',
};

/** The code that a request's user_data leads to, nearest first. */
export function originRows({ origin = [] }: Request): readonly Node[] {
  const stack = () => originText(origin);
  return paged(originSteps(origin), ({ role, name, place, found }, index) => ({
    id: `origin-${index}`,
    label: role.endsWith(' is') || role.endsWith(' by') ? `${role} ${shown(name)}` : shown(name),
    description: dots(
      role.includes(' ') ? undefined : role,
      place && shown(place),
      found && shown(found, 64),
    ),
    icon: { id: ORIGIN_ICONS[role] ?? 'symbol-function' },
    ...linked(linkOf(origin[index]), stack),
  }));
}

/** For the row of a thread: the user's own line in its stack. */
export function taskSource(task: UserStack): Linked {
  const { userStack, userStackNote } = task;
  if (userStack === undefined || userStack.length === 0) return {};
  const own = ownLine(task);
  return linked(own && linkOf(own), () => stackText(userStack, userStackNote));
}

/** For the row of a request: the user's own line it belongs to. */
export function requestSource(request: Request): Linked {
  const { origin } = request;
  if (origin === undefined || origin.length === 0) return {};
  const own = ownOrigin(request);
  return linked(own && linkOf(own), () => originText(origin));
}

function linked(source: SourceLink | undefined, stack: () => string): Linked {
  return { ...(source ? { source } : {}), stack, context: source ? SOURCE_CONTEXT : STACK_CONTEXT };
}

function linkOf(
  place: (SourcePlace & { readonly binaryModified?: number }) | undefined,
): SourceLink | undefined {
  const { file, line, column, binaryModified } = place ?? {};
  return file === undefined ? undefined : { file, line, column, binaryModified };
}

/** As debuggers print it, one frame a line. */
export function stackText(frames: readonly UserFrame[], note?: string): string {
  const lines = frames.map(({ function: name, address, binary, trust, inlined, ...place }, index) =>
    [
      `#${index}`.padEnd(3),
      printable(inlined ? 'inlined' : address),
      `in ${printable(name)}`,
      placeText(place) ?? (binary === undefined ? '' : `from ${printable(binary)}`),
      trust === 'probable' ? '(probable)' : '',
    ]
      .filter(Boolean)
      .join(' '),
  );
  return [...lines, ...(note === undefined ? [] : [`its stack ${printable(note)}`])].join('\n');
}

function originText(origin: readonly Origin[]): string {
  return originSteps(origin)
    .map(({ role, name, place, found }, index) =>
      [`#${index}`.padEnd(3), role, name, place && `at ${place}`, found && `(${found})`]
        .filter(Boolean)
        .join(' '),
    )
    .join('\n');
}

function placeText({ file, line }: SourcePlace): string | undefined {
  return file === undefined ? undefined : `at ${printable(line === undefined ? file : `${file}:${line}`)}`;
}
