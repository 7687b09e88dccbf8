import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { parseArguments } from '../../../src/cli/arguments';
import { listAll, listOne } from '../../../src/cli/list';
import { UserError } from '../../../src/model/errors';
import type { RankedProcess } from '../../../src/model/process';
import { openDirectory } from '../../../src/target/directory';
import type { Target } from '../../../src/target/target';
import { readTree, unpackTree } from '../../golden/tree';
import { asker } from '../inspect/fakeHosts';

const CASES = join(import.meta.dirname, '../../golden/cases');

function captured(name: string): Target {
  const folder = mkdtempSync(join(tmpdir(), 'list-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  unpackTree(readTree(readFileSync(join(CASES, name, 'tree.txt'), 'utf8')), folder);
  return openDirectory(folder);
}

async function said(work: () => Promise<number>) {
  let out = '';
  let err = '';
  const write =
    (to: (text: string) => void) =>
    (text: string | Uint8Array, done?: unknown): boolean => {
      to(String(text));
      if (typeof done === 'function') done();
      return true;
    };
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation(write((text) => (out += text))),
    vi.spyOn(process.stderr, 'write').mockImplementation(write((text) => (err += text))),
  ];
  try {
    return { code: await work(), out, err };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

const one = (name: string, ...args: readonly string[]) =>
  said(() => listOne(parseArguments(args), captured(name)));

describe('the list of one host', () => {
  it('says below the process what it is stuck on', async () => {
    const { code, out, err } = await one('fuse-read-hang');
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^ *PID .*\n *\d+ .*urs .*\n {4}STUCK {3}4 reads of /);
  });

  it('comes at once on a terminal, and again with what was found', async () => {
    const { stdout } = process;
    const before = { isTTY: stdout.isTTY, rows: stdout.rows };
    Object.assign(stdout, { isTTY: true, rows: 24 });
    vi.stubEnv('NO_COLOR', '1');
    onTestFinished(() => {
      Object.assign(stdout, before);
      vi.unstubAllEnvs();
    });
    const { out } = await one('fuse-read-hang');
    const [draft = '', answer = ''] = out.split('\u001b[4A\u001b[J');
    expect(draft).toMatch(/^\S+ *PID .*\n *\d+ .*urs .*\n\nLooking at what they are stuck on…\n/);
    expect(draft).not.toContain('STUCK');
    expect(answer).toMatch(/^ *PID .*\n *\d+ .*urs .*\n {4}STUCK /);
    expect((await one('fuse-read-hang', '--json')).out).toMatch(/^\[/);
  });

  it('tells programs the same', async () => {
    const rows = JSON.parse((await one('fuse-read-hang', '--json')).out) as RankedProcess[];
    expect(rows[0]).toMatchObject({ pid: expect.any(Number), findings: [{ severity: 'critical' }] });
  });

  it('exits as --fail-on says of all its processes', async () => {
    const codes = async (name: string) => {
      const found: number[] = [];
      for (const severity of ['info', 'warning', 'critical'])
        found.push((await one(name, '--fail-on', severity)).code);
      return found;
    };
    expect(await codes('fuse-read-hang')).toEqual([3, 3, 3]);
    expect(await codes('cq-unreaped')).toEqual([3, 3, 0]);
    expect(await codes('pipe-read')).toEqual([3, 0, 0]);
  });
});

describe('the list of several hosts', () => {
  const hosts: Readonly<Record<string, () => Target>> = {
    quiet: () => captured('pipe-read'),
    silent: () => captured('fuse-read-hang'),
  };
  const all = (names: readonly string[], ...args: readonly string[]) =>
    said(() =>
      listAll(
        parseArguments([...names.flatMap((name) => ['--host', name]), ...args]),
        async (id) => {
          const open = hosts[id.kind === 'ssh' ? id.alias : ''];
          if (!open) throw new UserError('host-unreachable', 'It cannot be reached.', 'Nothing listens.');
          return open();
        },
        asker('x'),
      ),
    );

  it('has what is stuck on any of them first', async () => {
    const { out, code } = await all(['quiet', 'silent']);
    expect(out.split('\n').filter((line) => /^\w/.test(line))).toEqual([
      expect.stringMatching(/^HOST /),
      expect.stringMatching(/^silent /),
      expect.stringMatching(/^quiet /),
    ]);
    expect(code).toBe(0);
  });

  it('exits with 3 when one of them has such a finding, else with 4 when one failed', async () => {
    expect((await all(['quiet', 'silent'], '--fail-on', 'critical')).code).toBe(3);
    expect((await all(['silent', 'gone'], '--fail-on', 'critical')).code).toBe(3);
    const { code, err } = await all(['quiet', 'gone'], '--fail-on', 'critical');
    expect([code, err]).toEqual([4, 'inspect-io-uring: gone: It cannot be reached. Nothing listens.\n']);
  });
});
