import { printable } from '../model/printable';
import type { ProcessSummary } from '../model/process';
import { inContainer } from './containerWords';
import { programName } from './programName';
import { styleFor } from './style';

/** The processes as a table, one a line: host where it is told, PID, in flight, uninterruptible tasks, blocked, name, command. */
export function processTable(
  rows: readonly ProcessSummary[],
  options: { color: boolean; width: number },
): string {
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
  return `${[style.bold(format(header)), ...lines.map(format)].join('\n')}\n`;
}

/** "[17 in docker 0123456789ab]". */
function contained(row: ProcessSummary): string | undefined {
  const words = inContainer(row);
  return words && `[${words}]`;
}
