import type { IoUringFdinfo } from '../../../src/procfs/ioUringFdinfo';

/** Which of the layouts of a ring's fdinfo to print; the names are the first kernels that print them. */
export type RingLayout = '5.6' | '5.7' | '5.11' | '5.16' | '6.1' | '6.9' | '6.18' | '6.19';

export const RING_LAYOUTS: readonly RingLayout[] = [
  '5.6',
  '5.7',
  '5.11',
  '5.16',
  '6.1',
  '6.9',
  '6.18',
  '6.19',
];

/** True where the kernel of layout `layout` has what came with `since`. */
export function prints(layout: RingLayout, since: RingLayout): boolean {
  return RING_LAYOUTS.indexOf(layout) >= RING_LAYOUTS.indexOf(since);
}

/** The four lines every fdinfo begins with. */
export const FDINFO_HEAD = 'pos:\t0\nflags:\t02000002\nmnt_id:\t17\nino:\t314227\n';

/** A ring as the kernel of `layout` prints it; what that kernel does not print is left out. */
export function printRing(ring: IoUringFdinfo, layout: RingLayout): string {
  const counters = prints(layout, '5.16') ? printCounters(ring, layout) : '';
  const thread = prints(layout, '5.11')
    ? `SqThread:\t${ring.sqThread ?? -1}\nSqThreadCpu:\t${ring.sqThreadCpu ?? -1}\n`
    : '';
  const times = prints(layout, '6.9')
    ? `SqTotalTime:\t${ring.sqTotalTime}\nSqWorkTime:\t${ring.sqWorkTime}\n`
    : '';
  const polls = ring.polls.map(({ opcode, taskWork }) => `  op=${opcode}, task_works=${taskWork ? 1 : 0}\n`);
  const overflow = ring.overflow.map(
    (cqe) => `  user_data=${cqe.userData}, res=${cqe.result}, flags=${cqe.flags.toString(16)}\n`,
  );
  return [
    FDINFO_HEAD,
    counters,
    thread,
    times,
    printFiles(ring, layout),
    `UserBufs:\t${ring.userBufs}\n`,
    ...ring.bufs.map((buffer) => `${index(buffer.index)}: ${buffer.address}/${buffer.length}\n`),
    ...(prints(layout, '5.7') ? ['PollList:\n', ...polls] : []),
    ...(prints(layout, '5.16') ? ['CqOverflowList:\n', ...overflow] : []),
    prints(layout, '6.9') ? 'NAPI:\tdisabled\n' : '',
  ].join('');
}

function printCounters(ring: IoUringFdinfo, layout: RingLayout): string {
  const c = ring.counters;
  const sqes = ring.sqes.map((sqe) => {
    const operands = prints(layout, '6.1')
      ? ` off:${sqe.offset}, addr:${sqe.address}, rw_flags:0x${sqe.rwFlags?.toString(16)}, buf_index:${sqe.bufIndex}`
      : '';
    return `${index(sqe.index)}: opcode:${sqe.opcode}, fd:${sqe.fd}, flags:${sqe.flags.toString(16)},${operands} user_data:${sqe.userData}\n`;
  });
  const cqes = ring.cqes.map((cqe) => {
    const extra = cqe.extra === undefined ? '' : `, extra1:${cqe.extra[0]}, extra2:${cqe.extra[1]}\n`;
    const flags = prints(layout, '6.19') ? 'flags' : 'flag';
    return `${index(cqe.index)}: user_data:${cqe.userData}, res:${cqe.result}, ${flags}:${cqe.flags.toString(16)}${extra}\n`;
  });
  return [
    `SqMask:\t${layout === '5.16' ? '\t' : ''}0x${c?.sqMask.toString(16)}\n`,
    `SqHead:\t${c?.sqHead}\nSqTail:\t${c?.sqTail}\nCachedSqHead:\t${c?.cachedSqHead}\n`,
    `CqMask:\t0x${c?.cqMask.toString(16)}\n`,
    `CqHead:\t${c?.cqHead}\nCqTail:\t${c?.cqTail}\nCachedCqTail:\t${c?.cachedCqTail}\n`,
    `SQEs:\t${ring.sqeCount}\n`,
    ...sqes,
    `CQEs:\t${ring.cqeCount}\n`,
    ...cqes,
  ].join('');
}

/** Old kernels print a row for each slot and the name raw; newer ones print used slots, escaped. */
function printFiles(ring: IoUringFdinfo, layout: RingLayout): string {
  const names = new Map(ring.files.map((file) => [file.index, file.name]));
  const rows: string[] = [];
  for (let slot = 0; slot < (ring.userFiles ?? 0); slot++) {
    const name = names.get(slot);
    if (!prints(layout, '6.18')) {
      rows.push(`${index(slot)}: ${name ?? '<none>'}\n`);
    } else if (name !== undefined) {
      rows.push(`${index(slot)}: ${octalEscaped(name, ' \t\n\\')}\n`);
    }
  }
  return `UserFiles:\t${ring.userFiles}\n${rows.join('')}`;
}

function index(number: number): string {
  return String(number).padStart(5);
}

/** As seq_path and mangle_path do it: each of `characters` becomes `\ooo`. */
export function octalEscaped(text: string, characters: string): string {
  return [...text]
    .map((c) => (characters.includes(c) ? `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}` : c))
    .join('');
}

/** The name of a task as /proc/PID/status prints it. */
export function statusEscaped(name: string): string {
  return name.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

/** A row of net/unix; a path is printed raw. */
export function printUnix(inode: number, path: string | undefined): string {
  const number = String(inode).padStart(5);
  return `0000000064f75032: 00000002 00000000 00010000 0001 01 ${number}${path === undefined ? '' : ` ${path}`}\n`;
}

/** A row of maps: the path stands from column 73 on. */
export function printMapping(inode: number, path: string): string {
  const fields = `7f2067c5c000-7f2067c5d000 r--p 00000000 fe:01 ${inode}`;
  return `${fields.padEnd(72)} ${octalEscaped(path, '\n')}\n`;
}
