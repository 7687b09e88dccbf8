import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { completions } from '../../../src/cli/completions/completions';
import { SCRIPTS } from '../../../src/cli/completions/scripts';
import { brief } from '../../../src/cli/completions/shared';
import { OPTIONS, SHELLS } from '../../../src/cli/options';

const folder = join(import.meta.dirname, '../../../completions');

describe('inspect-io-uring completions', () => {
  it.each(SHELLS)(
    'prints the script of %s as it is in its file, and says in its help what to do with it',
    async (shell) => {
      const { file } = SCRIPTS[shell];
      expect(await completions([shell])).toBe(readFileSync(join(folder, file), 'utf8'));
      for (const help of ['--help', '-h'])
        expect(await completions([help])).toContain(`completions ${shell}`);
    },
  );

  it.each([[[]], [['tcsh']], [['bash', 'zsh']], [['hosts', 'more']]])('%j is refused', async (args) => {
    await expect(completions(args)).rejects.toMatchObject({ code: 'usage' });
  });

  it('tells of an option what it does in a few words', () => {
    expect(brief(OPTIONS.host)).toBe('inspect another host by ssh');
    expect(brief(OPTIONS.trace)).toBe('as root: first trace its rings that long');
    expect(brief(OPTIONS.all)).toBe('list every process');
    for (const option of Object.values(OPTIONS)) expect(brief(option).length).toBeLessThan(90);
  });
});
