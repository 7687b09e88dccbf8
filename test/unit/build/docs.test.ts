import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAdapterArguments } from '../../../src/adapter/arguments';
import { parseArguments } from '../../../src/cli/arguments';
import { splitWords } from '../../../src/cli/words';
import { TAGS } from '../../../src/explain/pages';
import { parseSample } from '../../../src/sample/savedSample';

const root = join(import.meta.dirname, '../../..');
const inFolder = (folder: string) =>
  readdirSync(join(root, folder)).flatMap((name) => (name.endsWith('.md') ? join(folder, name) : []));
const DOCS = ['README.md', ...inFolder('docs')];
const PAGES = [...DOCS, 'CONTRIBUTING.md', 'test/README.md', ...inFolder('media/findings')];
const textOf = (page: string) => readFileSync(join(root, page), 'utf8');
const withoutBlocks = (text: string) => text.replace(/^```.*?^```$/gms, '');

/** Where a page's relative links and pictures lead, from the root; `#` and what follows stays. */
function linksOf(page: string): readonly string[] {
  const links = [...withoutBlocks(textOf(page)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
  return links.flatMap((link) => {
    if (/^https?:/.test(link)) return [];
    const [file = '', anchor] = link.split('#');
    const path = file === '' ? page : relative(root, join(root, dirname(page), file));
    return anchor === undefined ? path : `${path}#${anchor}`;
  });
}

/** As GitHub and the editor's preview make them. */
function anchorsOf(page: string): readonly string[] {
  const headings = [...withoutBlocks(textOf(page)).matchAll(/^#+ (.*)$/gm)].map(
    ([, heading = '']) => heading,
  );
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** What is let into the package, by .vscodeignore. */
const packed = readFileSync(join(root, '.vscodeignore'), 'utf8')
  .split('\n')
  .flatMap((line) =>
    line.startsWith('!') ? new RegExp(`^${line.slice(1).replace('.', '\\.').replace('*', '[^/]*')}$`) : [],
  );

/** Every command line of ours that a document shows, with what it names put in place of the capital words. */
const commands = DOCS.flatMap((page) => {
  const text = textOf(page);
  const blocks = [...text.matchAll(/^```.*?^```$/gms)].flatMap(([block]) => block.split('\n'));
  const inline = [...withoutBlocks(text).matchAll(/`([^`\n]*)`/g)].map(([, code = '']) => code);
  return [...blocks, ...inline].flatMap((line) => {
    const shown = /^(?:\$ )?(?:sudo )?inspect-io-uring(?= |$)(.*)$/.exec(line.trim())?.[1];
    if (shown === undefined) return [];
    const [typed = ''] = shown.split(/ {2,}| … /);
    return { page, typed: typed.trim() };
  });
});

const STANDS_FOR: Readonly<Record<string, string>> = {
  PID: '4242',
  SECONDS: '5',
  PORT: '9100',
  N: '9100',
};

function parsed(typed: string): void {
  const [first = '', ...rest] = (splitWords(typed) ?? []).map((word) => STANDS_FOR[word] ?? word);
  if (first === 'dap') parseAdapterArguments(rest);
  else if (first === 'completions') expect(rest.join(' ')).toMatch(/^(?:bash|zsh|fish|--help)$/);
  else parseArguments(first === '' ? [] : [first, ...rest]);
}

describe('the documents', () => {
  it.each(PAGES)('%s links to files, pictures and headings that are there', (page) => {
    for (const link of linksOf(page)) {
      const [path = '', anchor] = link.split('#');
      expect(existsSync(join(root, path)), link).toBe(true);
      if (anchor !== undefined) expect(anchorsOf(path), link).toContain(anchor);
    }
  });

  it('are all led to from the README, whose pictures an installed extension has, too', () => {
    const reached = new Set<string>();
    const follow = (page: string) => {
      if (reached.has(page)) return;
      reached.add(page);
      for (const link of linksOf(page)) if (link.endsWith('.md')) follow(link);
    };
    follow('README.md');
    expect(DOCS.filter((page) => !reached.has(page))).toEqual([]);
    const pictures = linksOf('README.md').filter((link) => /\.(?:png|svg|gif)$/.test(link));
    expect(pictures.length).toBeGreaterThan(1);
    expect(pictures.filter((path) => !packed.some((pattern) => pattern.test(path)))).toEqual([]);
  });

  it('show commands that the command line understands', () => {
    expect(commands.length).toBeGreaterThan(25);
    for (const { page, typed } of commands)
      expect(() => parsed(typed), `${page}: inspect-io-uring ${typed}`).not.toThrow();
    expect(() => parsed('PID --no-such')).toThrow();
  });

  it('name scripts and settings that are there', () => {
    const manifest = JSON.parse(textOf('package.json'));
    const known = JSON.stringify(manifest.contributes);
    for (const page of [...DOCS, 'CONTRIBUTING.md']) {
      for (const [, script = ''] of textOf(page).matchAll(/\bnpm run ([\w:]+)/g))
        expect(Object.keys(manifest.scripts), page).toContain(script);
      for (const [, setting = ''] of textOf(page).matchAll(/\b(ioUringInspector\.[\w.]*\w)/g))
        expect(known.includes(`"${setting}"`), `${page}: ${setting}`).toBe(true);
    }
  });

  it('name files of the sources that are there', () => {
    for (const page of [...DOCS, 'CONTRIBUTING.md'])
      for (const [, path = ''] of textOf(page).matchAll(/`((?:src|test|webview|media)\/[\w./-]+)`/g))
        if (!/NAME/.test(path)) expect(existsSync(join(root, path)), `${page}: ${path}`).toBe(true);
  });

  it('have a row for every finding', () => {
    const rows = [
      ...textOf('docs/findings.md').matchAll(
        /^- \[`([a-z-]+)`\]\(\.\.\/media\/findings\/(.*)\.md\): (.*)$/gm,
      ),
    ];
    expect(rows.map(([, tag]) => tag).sort()).toEqual([...TAGS].sort());
    for (const [, tag, page, title] of rows) {
      expect(page).toBe(tag);
      expect(textOf(`media/findings/${page}.md`)).toMatch(`# ${title}\n`);
    }
  });

  it('tell every field of the main parts of the JSON, and show a Sample that can be opened', () => {
    const text = textOf('docs/json.md');
    const [, example = ''] = /```json\n(.*?)```/s.exec(text) ?? [];
    expect(parseSample(example).requests).toHaveLength(1);
    const told = new Set(
      [...text.replace(/```json.*?```/s, '').matchAll(/`(\w+)`/g)].map(([, word]) => word),
    );
    const sources = ['sample', 'request', 'process'].map((name) => textOf(`src/model/${name}.ts`)).join('\n');
    for (const part of [
      'Sample',
      'Host',
      'Rights',
      'Process',
      'Task',
      'BlockedOn',
      'SystemCall',
      'Ring',
      'Finding',
      'Blindness',
      'Request',
      'ProcessSummary',
      'RankedProcess',
    ]) {
      const [, body = ''] =
        new RegExp(`^export interface ${part}\\b.*?\\{\\n(.*?)^\\}`, 'ms').exec(sources) ?? [];
      const fields = [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, field]) => field);
      expect(fields.length, part).toBeGreaterThan(2);
      expect(
        fields.filter((field) => !told.has(field)),
        part,
      ).toEqual([]);
    }
  });
});
