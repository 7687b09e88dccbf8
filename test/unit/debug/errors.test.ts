import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ERROR_IDS, errorAnswer } from '../../../src/debug/errors';
import { UserError } from '../../../src/model/errors';

describe('an error as a client gets it', () => {
  it('has an id for every code, each its own', () => {
    const source = readFileSync(join(__dirname, '../../../src/model/errors.ts'), 'utf8');
    const codes = [...source.matchAll(/^ {2}\| '([\w-]+)'/gm)].map(([, code]) => code);
    expect(codes.length).toBeGreaterThan(30);
    expect(Object.keys(ERROR_IDS).sort()).toEqual(['internal', ...codes].sort());
    expect(new Set(Object.values(ERROR_IDS)).size).toBe(Object.keys(ERROR_IDS).length);
  });

  it('says what, why and what to do, and shows it', () => {
    expect(errorAnswer(new UserError('zombie', 'It has ended.', 'Nobody waits.', 'Look elsewhere.'))).toEqual(
      {
        message: 'It has ended. Nobody waits. Look elsewhere.',
        error: { id: 1005, format: 'It has ended. Nobody waits. Look elsewhere.', showUser: true },
      },
    );
  });

  it('never takes braces of the target for a variable, nor lets it forge a line', () => {
    const { error } = errorAnswer(new UserError('usage', 'No {_stack}\n', 'so.'));
    expect(error).toMatchObject({ format: '{_text}', variables: { _text: 'No {_stack}\\x0a so.' } });
  });

  it('has the protocol’s own word for what was cancelled, and shows nothing then', () => {
    const { message, error } = errorAnswer(new UserError('cancelled', 'Given up.', 'So.'));
    expect([message, error.showUser]).toEqual(['cancelled', false]);
  });
});
