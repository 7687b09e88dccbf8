import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { paragraph, verbatim } from '../../../src/cli/manual/roff';
import { ENVIRONMENT } from '../../../src/cli/manual/texts';
import { ADAPTER_OPTIONS, FORMATS, OPTIONS } from '../../../src/cli/options';
import { TAGS } from '../../../src/explain/pages';

const root = join(import.meta.dirname, '../../..');
const PAGE = join(root, 'man/inspect-io-uring.1');
const committed = (path: string) => readFileSync(join(root, path), 'utf8');
const SCRIPTS = readdirSync(join(root, 'completions')).map((file) => `completions/${file}`);

describe('the man page and the completions', () => {
  it('are what the options say now: npm run man:rewrite', async () => {
    const { documents } = (await import(pathToFileURL(join(root, 'man.mjs')).href)) as {
      documents(): Promise<ReadonlyMap<string, string>>;
    };
    const written = await documents();
    expect([...written.keys()].sort()).toEqual(['man/inspect-io-uring.1', ...SCRIPTS].sort());
    for (const [path, text] of written) expect(committed(path)).toBe(text);
  });

  it.each(SCRIPTS)('%s has every option, format and finding', (path) => {
    const script = committed(path);
    const spelt = path.endsWith('.fish') ? '-l ' : '--';
    for (const name of [...Object.keys(OPTIONS), ...Object.keys(ADAPTER_OPTIONS)])
      expect(script).toMatch(new RegExp(`${spelt}${name}\\b(?!-)`));
    for (const word of [...FORMATS, ...TAGS]) expect(script).toMatch(new RegExp(`[ (']${word}[ )']`));
  });

  it('name each variable of the environment that the command line reads', () => {
    const named = new Set(ENVIRONMENT.flatMap(([names]) => names.split(', ')));
    const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' });
    const read = files
      .filter((file) => /^(?:cli|target|inspect)\b.*\.ts$/.test(file))
      .flatMap((file) => [
        ...committed(`src/${file}`).matchAll(
          /env(?:ironment)?\['([A-Z_]+)'\]|\{ ([A-Z_]+)(?:: \w+)? = ''|_VARIABLE = '(\w+)'/g,
        ),
      ])
      .map(([, indexed, taken, constant]) => indexed ?? taken ?? constant ?? '');
    expect(read).toEqual(expect.arrayContaining(['NO_COLOR', 'XDG_CACHE_HOME', 'IO_URING_PROBE']));
    expect(read.filter((name) => !named.has(name))).toEqual([]);
  });

  it('text cannot become a request of roff', () => {
    expect(verbatim(".so /etc/passwd\n'br\n\\fB")).toBe("\\&.so /etc/passwd\n\\&'br\n\\efB");
    expect(paragraph('.so FILE, --fail-on x-y')).toBe('\\&.so \\fIFILE\\fR, \\fB\\-\\-fail\\-on\\fR x\\-y\n');
    expect(() => verbatim('☃')).toThrow('no character of roff');
  });

  it.for<[string, string[], RegExp]>([
    ['mandoc', ['-T', 'lint', '-W', 'style', PAGE], /^[^\n]*missing date, using "": TH\n$/],
    ['groff', ['-man', '-ww', '-z', PAGE], /^$/],
    ['man', ['--warnings', '-E', 'UTF-8', '-l', PAGE], /^$/],
    ['lexgrog', [PAGE], /^[^\n]*"inspect-io-uring - show [^\n]*"\n$/],
  ])('%s finds nothing to complain about in the page', ([command, args, expected], { skip }) => {
    const { error, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
    if (error) skip(`needs ${command}`);
    expect(command === 'man' ? stderr : stdout + stderr).toMatch(expected);
  });
});
