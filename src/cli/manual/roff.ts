import { ADAPTER_OPTIONS, OPTIONS, type Option, wrapped } from '../options';

/** Columns of a line of the source, of which mandoc(1) likes no more than 80. */
const WIDTH = 78;

const CHARACTERS: Readonly<Record<string, string>> = {
  '\\': '\\e',
  '-': '\\-',
  '~': '\\(ti',
  '^': '\\(ha',
  '`': '\\(ga',
  '"': '\\(dq',
  µ: '\\(mc',
  '→': '\\(->',
  '’': "'",
  '“': '\\(lq',
  '”': '\\(rq',
  '…': '...',
};

/** What stands for a value in texts. */
const VALUES = [
  'PID',
  'ADDRESS',
  'LINE',
  ...[...Object.values<Option>(OPTIONS), ...Object.values<Option>(ADAPTER_OPTIONS)].flatMap(
    ({ value = [] }) => value,
  ),
];

const MARKED = new RegExp(
  String.raw`(?<option>(?<![\w-])--?[a-z][a-z-]*\b)|(?<value>(?<![$\w-])(?:${[...new Set(VALUES)].join('|')})\b(?!\())`,
  'g',
);

/** Text as it is, in the characters of roff. Throws where it has one that roff is not told here. */
export function verbatim(text: string): string {
  const written = text.replace(/[\\\-~^`"]|[^\n -~]/g, (character) => {
    const known = CHARACTERS[character];
    if (known === undefined) throw new Error(`no character of roff for ${character}: ${text}`);
    return known;
  });
  // What a line begins with may be taken for a request.
  return written.replace(/^(?=[.'])/gm, '\\&');
}

/** Options in bold, what stands for a value in italics. */
export function marked(text: string): string {
  let written = '';
  let from = 0;
  for (const { 0: word, index, groups } of text.matchAll(MARKED)) {
    written += `${verbatimPart(text.slice(from, index))}\\f${groups?.['option'] ? 'B' : 'I'}${verbatim(word)}\\fR`;
    from = index + word.length;
  }
  return written + verbatimPart(text.slice(from));
}

export function section(name: string, ...parts: readonly string[]): string {
  return `.SH ${/ /.test(name) ? `"${name}"` : name}\n${parts.map((part, at) => (at === 0 || part.startsWith('.TP') ? part : `.PP\n${part}`)).join('')}`;
}

export function paragraph(text: string): string {
  return `${lines(marked(text))}\n`;
}

/** What is listed with what is told of each; `name` may have marks of its own. */
export function listed(rows: readonly (readonly [name: string, tells: string])[]): string {
  return rows.map(([name, tells]) => `.TP\n${marked(name)}\n${lines(marked(tells))}\n`).join('');
}

/** Names in bold. */
export function listedNames(rows: readonly (readonly [name: string, tells: string])[]): string {
  return rows.map(([name, tells]) => `.TP\n.B ${verbatim(name)}\n${lines(marked(tells))}\n`).join('');
}

/** Command lines, each with what it shows. */
export function examples(rows: readonly (readonly [tells: string, command: string])[]): string {
  return rows
    .map(([tells, command]) => `${paragraph(tells)}.PP\n.RS 4\n.EX\n${verbatim(command)}\n.EE\n.RE\n`)
    .join('.PP\n');
}

function verbatimPart(text: string): string {
  return text === '' ? '' : verbatim(text).replace(/^\\&/, '');
}

function lines(text: string): string {
  return wrapped(text, WIDTH)
    .map((line) => line.replace(/^(?=[.'])/, '\\&').replace(/ \.$/, ' .\\&'))
    .join('\n');
}
