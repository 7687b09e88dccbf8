import { printable } from '../model/printable';
import type { RankedProcess } from '../model/process';
import { inContainer } from './containerWords';
import { programName } from './programName';
import { LABELS, type Style, styleFor, wrap } from './style';

export interface TableOptions {
  readonly color: boolean;
  readonly width: number;
  /** All findings of a process instead of the first. Default false. */
  readonly verbose?: boolean;
}

/**
 * The processes as a table, one a line: host where it is told, PID, in flight, uninterruptible tasks, blocked, name, command; below
 * the line of one that was looked at what was found.
 */
export function processTable(rows: readonly RankedProcess[], options: TableOptions): string {
  if (rows.length === 0) return 'No process uses io_uring or is blocked in I/O.\n';
  const hosts = rows.some(({ host }) => host !== undefined);
  const style = styleFor(options.color);
  const header = [...(hosts ? ['HOST'] : []), 'PID', 'RINGS', 'IN FLIGHT', 'D', 'BLOCKED', 'COMMAND'];
  const lines = rows.map((row) => [
    ...(hosts ? [printable(row.host ?? '', 24)] : []),
    String(row.pid),
    row.rings === undefined ? '?' : String(row.rings),
    row.pending === undefined ? '-' : String(row.pending),
    String(row.uninterruptible),
    row.blocked === undefined ? '-' : `${row.blocked.toFixed(row.blocked < 10 ? 1 : 0)} s`,
    [printable(programName(row), 32), contained(row), printable(row.command.join(' '), 400)]
      .filter((part) => part !== undefined)
      .join('  '),
  ]);
  const widths = header
    .slice(0, -1)
    .map((title, i) => Math.max(title.length, ...lines.map((l) => (l[i] ?? '').length)));
  const format = (cells: readonly string[]) => {
    const columns = widths.map((width, i) => {
      const cell = cells[i] ?? '';
      return hosts && i === 0 ? cell.padEnd(width) : cell.padStart(width);
    });
    return `${columns.join('  ')}  ${cells.at(-1) ?? ''}`.slice(0, Math.max(60, options.width));
  };
  const below = rows.map((row) => findingLines(row, style, options));
  return `${[
    style.bold(format(header)),
    ...lines.flatMap((cells, index) => [format(cells), ...(below[index] ?? [])]),
  ].join('\n')}\n`;
}

const LEAD = 4;
const LABEL = 8;

/** "    STUCK   8 reads of /mnt/data/db wait for …"; what nothing is wrong with stays in the background. */
function findingLines(
  { findings = [], failure }: RankedProcess,
  style: Style,
  { width, verbose = false }: TableOptions,
): readonly string[] {
  const indent = ' '.repeat(LEAD + LABEL);
  const wrapped = (text: string) => wrap(indent + text, Math.max(60, width), indent);
  const told = (verbose ? findings : findings.slice(0, 1)).flatMap(({ severity, summary }) => {
    const text = printable(summary);
    const [first = '', ...others] = wrapped(severity === 'info' ? style.dim(text) : text);
    const label = LABELS[severity].padEnd(LABEL);
    const shown = severity === 'info' ? style.dim(label) : style.severity(severity, label);
    return [' '.repeat(LEAD) + shown + first.slice(indent.length), ...others];
  });
  return failure === undefined ? told : [...told, ...wrapped(style.dim(printable(failure)))];
}

/** "[17 in docker 0123456789ab]". */
function contained(row: RankedProcess): string | undefined {
  const words = inContainer(row);
  return words && `[${words}]`;
}
