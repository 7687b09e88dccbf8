import { describe, expect, it } from 'vitest';
import { trustRows } from '../../../src/views/confirmRows';
import { QuestionQueue } from '../../../src/views/questionQueue';

/** A user before whom questions appear, and who answers when the test says so. */
function user() {
  const shown: string[] = [];
  const answers = new Map<string, (answer: string) => void>();
  const ask = (name: string) => () => {
    shown.push(name);
    return new Promise<string>((resolve) => {
      answers.set(name, resolve);
    });
  };
  return { shown, ask, answer: (name: string, text: string) => answers.get(name)?.(text) };
}

const turn = () => new Promise((resolve) => setTimeout(resolve));

describe('questions of several hosts', () => {
  it('are asked one after the other, in the order they came', async () => {
    const queue = new QuestionQueue();
    const { shown, ask, answer } = user();
    const both = [queue.ask(ask('db1')), queue.ask(ask('db2'))];
    await turn();
    expect(shown).toEqual(['db1']);
    answer('db1', 'one');
    await turn();
    expect(shown).toEqual(['db1', 'db2']);
    answer('db2', 'two');
    expect(await Promise.all(both)).toEqual(['one', 'two']);
  });

  it('one that is over while it is asked makes way for the next, though its dialog never ends', async () => {
    const queue = new QuestionQueue(5);
    const { shown, ask, answer } = user();
    const hungUp = new AbortController();
    const first = queue.ask(ask('db1'), hungUp.signal);
    const second = queue.ask(ask('db2'));
    await turn();
    hungUp.abort();
    expect(await first).toBeUndefined();
    expect(shown).toEqual(['db1']);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(shown).toEqual(['db1', 'db2']);
    answer('db1', 'too late');
    answer('db2', 'two');
    expect(await second).toBe('two');
  });

  it('one that is over before its turn never appears', async () => {
    const queue = new QuestionQueue();
    const { shown, ask, answer } = user();
    const left = new AbortController();
    const first = queue.ask(ask('db1'));
    const second = queue.ask(ask('db2'), left.signal);
    await turn();
    left.abort();
    answer('db1', 'one');
    expect(await Promise.all([first, second])).toEqual(['one', undefined]);
    expect(shown).toEqual(['db1']);
  });

  it('one that fails does not keep the next from being asked', async () => {
    const queue = new QuestionQueue();
    const first = queue.ask(() => Promise.reject(new Error('no window')));
    const second = queue.ask(() => Promise.resolve('two'));
    await expect(first).rejects.toThrow('no window');
    expect(await second).toBe('two');
  });
});

describe('the rows of a question that is dangerous', () => {
  const rows = trustRows(
    `Its key has the fingerprint SHA256:${'x'.repeat(43)}.\n${'long '.repeat(40)}$(check) \u202e`,
    'Trust and Connect',
  );

  it('begin with what there is to know, which Enter takes for no answer', () => {
    expect(rows[0]).toEqual({ label: `Its key has the fingerprint SHA256:${'x'.repeat(43)}.` });
    const answers = rows.filter(({ trusts }) => trusts !== undefined);
    expect(rows.slice(-2)).toEqual(answers);
    expect(answers.map(({ trusts }) => trusts)).toEqual([true, false]);
  });

  it('show all of a long sentence, and an icon only of ours', () => {
    const told = rows.slice(0, -2).map(({ label }) => label);
    expect(Math.max(...told.map(({ length }) => length))).toBeLessThan(100);
    expect(told.join(' ')).toContain('long long');
    expect(told.join(' ')).not.toMatch(/\$\(check\)|\u202e/);
  });
});
