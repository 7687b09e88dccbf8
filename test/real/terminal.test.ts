import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** Asks for a password and for trust, and says what came back. */
const PROGRAM = `
import { terminalAsker } from ${JSON.stringify(join(import.meta.dirname, '../../src/cli/terminalAsker.ts'))};
const asker = terminalAsker();
const secret = await asker.secret({ kind: 'password', text: 'Password', again: false, hidden: true });
const trusted = await asker.confirm({ text: 'Trust it?', detail: 'SHA256:abc', yes: 'Trust' });
process.stdout.write(JSON.stringify([secret?.length, trusted]) + '\\n');
`;

describe('the terminal that a password is typed on', () => {
  let folder = '';
  let program = '';
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'inspect-terminal-'));
    writeFileSync(join(folder, 'ask.ts'), PROGRAM);
    program = join(folder, 'ask.mjs');
    await build({
      entryPoints: [join(folder, 'ask.ts')],
      outfile: program,
      bundle: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'error',
    });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('does not show it, shows all else, and is as before at the end', async (context) => {
    if (spawnSync('script', ['--version']).error) context.skip('needs script, of the package bsdutils');
    // stdin and stdout of the program are no terminal: it asks on the one it belongs to.
    const command = `sh -c '${process.execPath} ${program} < /dev/null | cat; stty -a'`;
    const child = spawn('script', ['-qec', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
    let shown = '';
    const seen = (words: string) =>
      expect.poll(() => shown, { timeout: 10_000, interval: 20 }).toContain(words);
    child.stdout.on('data', (chunk: Buffer) => {
      shown += chunk.toString();
    });
    const ended = new Promise((resolve) => child.on('close', resolve));
    try {
      await seen('Password: ');
      child.stdin.write('hunter2\r');
      await seen('Type "yes": ');
      child.stdin.write('yes\r');
      await seen('[7,true]');
      child.stdin.end();
      await ended;
    } finally {
      child.kill('SIGKILL');
    }
    expect(shown).not.toContain('hunter2');
    expect(shown).toMatch(/Type "yes": yes\s/);
    expect(shown).toMatch(/[^-]echo\b/);
    expect(shown).toMatch(/[^-]icanon\b/);
  });
});
