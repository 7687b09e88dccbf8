import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TerminalSession } from './support/terminal';

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
    // stdin and stdout of the program are no terminal: it asks on the one it belongs to.
    const command = `sh -c '${process.execPath} ${program} < /dev/null | cat; stty -a'`;
    const session = new TerminalSession(context, command);
    await session.sees('Password: ');
    session.type('hunter2');
    await session.sees('Type "yes": ');
    session.type('yes');
    await session.sees('[7,true]');
    session.close();
    await session.ended;
    const { shown } = session;
    expect(shown).not.toContain('hunter2');
    expect(shown).toMatch(/Type "yes": yes\s/);
    expect(shown).toMatch(/[^-]echo\b/);
    expect(shown).toMatch(/[^-]icanon\b/);
  });
});
