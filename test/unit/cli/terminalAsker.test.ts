import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { type Terminal, terminalAsker } from '../../../src/cli/terminalAsker';
import type { SecretQuestion } from '../../../src/target/remoteHost';

const PASSWORD: SecretQuestion = {
  kind: 'password',
  text: 'Password of deploy on db1',
  again: false,
  hidden: true,
};

/** A terminal on which somebody types; `typed` is asked for at each question. */
function fake(...typed: readonly string[]) {
  const state = { written: '', raw: [] as boolean[], interrupts: 0, opened: 0, open: 0, most: 0 };
  const open = (): Terminal => {
    const events = new EventEmitter();
    const text = typed[state.opened] ?? '';
    state.opened += 1;
    state.open += 1;
    state.most = Math.max(state.most, state.open);
    setTimeout(() => {
      for (const byte of Buffer.from(text)) events.emit('data', Buffer.from([byte]));
    });
    const input = {
      setRawMode: (mode: boolean) => state.raw.push(mode),
      on: events.on.bind(events),
      destroy: () => {
        state.open -= 1;
      },
    } as unknown as Terminal['input'];
    return {
      input,
      output: {
        write: (part) => {
          state.written += part;
        },
      },
      interrupt: () => {
        state.interrupts += 1;
      },
    };
  };
  return { state, asker: terminalAsker(open) };
}

describe('questions on the terminal', () => {
  it('take a secret without showing it, with what is typed wrong taken back', async () => {
    const { state, asker } = fake('wrong\u0015sesamé!\u007f\r');
    expect(await asker.secret(PASSWORD)).toBe('sesamé');
    expect(state).toMatchObject({ written: 'Password of deploy on db1: \n', raw: [true, false], open: 0 });
  });

  it('take no arrow key for a part of the answer', async () => {
    const { asker } = fake('se\u001b[Dsa\u001bOC\u001b[1;5Cme\r');
    expect(await asker.secret(PASSWORD)).toBe('sesame');
  });

  it('show what is not secret', async () => {
    const { state, asker } = fake('1234\b5\n');
    expect(await asker.secret({ ...PASSWORD, hidden: false, again: true })).toBe('1235');
    expect(state.written).toBe('That was wrong. Password of deploy on db1: 1234\b \b5\n');
  });

  it.each([
    ['Ctrl-C', 'secr\u0003', 1],
    ['Ctrl-D', '\u0004', 0],
  ])('are declined by %s, and the terminal is as it was', async (_name, typed, interrupts) => {
    const { state, asker } = fake(typed);
    expect(await asker.secret(PASSWORD)).toBeUndefined();
    expect(state).toMatchObject({ raw: [true, false], open: 0, interrupts });
  });

  it('are asked one after the other, however many hosts ask', async () => {
    const { state, asker } = fake('one\r', 'two\r', 'yes\r');
    const question = { text: 'Trust db1?', detail: 'SHA256:abc', yes: 'Trust and Connect' };
    const answers = [asker.secret(PASSWORD), asker.secret(PASSWORD), asker.confirm(question)];
    expect(await Promise.all(answers)).toEqual(['one', 'two', true]);
    expect([state.opened, state.most]).toEqual([3, 1]);
    expect(state.written).toContain('Trust db1?\nSHA256:abc\nTrust and Connect? Type "yes": ');
  });

  it('end with what they are about, the terminal is as it was, and the next host is asked', async () => {
    const { state, asker } = fake('half an ans', 'two\r');
    const [hungUp, left] = [new AbortController(), new AbortController()];
    const first = asker.secret({ ...PASSWORD, over: hungUp.signal });
    const waiting = asker.secret({ ...PASSWORD, text: 'Password on db2', over: left.signal });
    const last = asker.secret({ ...PASSWORD, text: 'Password on db3' });
    await new Promise((resolve) => setTimeout(resolve, 10));
    left.abort();
    expect(state.open).toBe(1);
    hungUp.abort();
    expect(await Promise.all([first, waiting, last])).toEqual([undefined, undefined, 'two']);
    expect(state).toMatchObject({ raw: [true, false, true, false], open: 0, opened: 2 });
    expect(state.written).not.toContain('db2');
  });

  it.each(['y', '', 'YES please', 'no'])('trust nothing for %j', async (typed) => {
    const { asker } = fake(`${typed}\r`);
    expect(await asker.confirm({ text: 'x', detail: 'y', yes: 'z' })).toBe(false);
  });

  it('are declined where there is no terminal', async () => {
    const asker = terminalAsker(() => undefined);
    expect(await asker.secret(PASSWORD)).toBeUndefined();
    expect(await asker.confirm({ text: 'x', detail: 'y', yes: 'z' })).toBe(false);
  });

  it('show what a server worded as plain text', async () => {
    const { state, asker } = fake('\r');
    await asker.secret({ ...PASSWORD, text: 'a\u001b[2J\nb' });
    expect(state.written).toBe('a\\x1b[2J\\x0ab: \n');
  });
});
