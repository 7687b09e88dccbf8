import type { Severity } from '../model/sample';

/** What a finding is announced with. */
export const LABELS: Readonly<Record<Severity, string>> = {
  critical: 'STUCK',
  warning: 'CHECK',
  info: 'INFO',
};

/** How a report marks what matters: with ANSI sequences on a terminal, not at all elsewhere. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  severity(severity: Severity, text: string): string;
}

const PLAIN: Style = { bold: (t) => t, dim: (t) => t, severity: (_, t) => t };

const COLORS: Readonly<Record<Severity, string>> = { critical: '1;31', warning: '1;33', info: '1;32' };

const ANSI: Style = {
  bold: (text) => sgr('1', text),
  dim: (text) => sgr('2', text),
  severity: (severity, text) => sgr(COLORS[severity], text),
};

export function styleFor(color: boolean): Style {
  return color ? ANSI : PLAIN;
}

function sgr(code: string, text: string): string {
  return `\u001b[${code}m${text}\u001b[0m`;
}

/** Our own sequences, which take no column. */
const SEQUENCE = /\u001b\[[\d;]*m/g;

/** Breaks text at spaces so that lines keep within `width` columns; words longer than that stay whole. */
export function wrap(text: string, width: number, indent: string): string[] {
  const lines: string[] = [];
  const lead = /^ */.exec(text)?.[0] ?? '';
  let line = '';
  for (const word of text.slice(lead.length).split(' ')) {
    const start = lines.length === 0 ? lead : indent;
    const candidate = line === '' ? start + word : `${line} ${word}`;
    if (line !== '' && columns(candidate) > width) {
      lines.push(line);
      line = indent + word;
    } else line = candidate;
  }
  lines.push(line);
  return closeSequences(lines);
}

function columns(text: string): number {
  return text.replace(SEQUENCE, '').length;
}

/** A sequence that spans a line break is ended there and begun anew on the next line. */
function closeSequences(lines: readonly string[]): string[] {
  let open = '';
  return lines.map((line) => {
    const indent = /^ */.exec(line)?.[0] ?? '';
    const begun = open === '' ? line : indent + open + line.slice(indent.length);
    for (const [sequence] of line.matchAll(SEQUENCE)) open = sequence === '\u001b[0m' ? '' : sequence;
    return open === '' ? begun : `${begun}\u001b[0m`;
  });
}
