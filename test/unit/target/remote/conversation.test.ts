import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { Conversation } from '../../../../src/target/remote/conversation';
import type { RemoteEnd } from '../../../../src/target/remoteHost';

/** A host that says what the test tells it to. */
function fakeCommand() {
  const [input, output, errors] = [new PassThrough(), new PassThrough(), new PassThrough()];
  let end: (end: RemoteEnd) => void = () => {};
  const ended = new Promise<RemoteEnd>((resolve) => {
    end = resolve;
  });
  const state = { killed: 0 };
  const command = { input, output, errors, ended, kill: () => void state.killed++ };
  return {
    command,
    output,
    errors,
    end: (how: RemoteEnd) => end(how),
    talk: new Conversation(command, '@m', 'db1'),
  };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('a conversation with a script', () => {
  it('hears its lines, in pieces, behind noise, and with the ends that a terminal makes', async () => {
    const { talk, output } = fakeCommand();
    const first = talk.next(1000);
    for (const piece of ['Welcome!\nno newline@', 'm ho', 'st 0 x\r\n@m ', 'run', '\n']) {
      output.write(piece);
      await turn();
    }
    expect(await first).toBe('host 0 x');
    expect(await talk.next(1000)).toBe('run');
  });

  it('leaves what follows to whoever takes over', async () => {
    const { talk, output, errors } = fakeCommand();
    output.write(Buffer.concat([Buffer.from('@m run\n'), Buffer.from([0, 255, 10, 64])]));
    errors.write('before');
    expect(await talk.next(1000)).toBe('run');
    const command = talk.release();
    const heard: Buffer[] = [];
    const complained: string[] = [];
    command.output.on('data', (chunk: Buffer) => heard.push(chunk));
    command.errors.on('data', (chunk: Buffer) => complained.push(String(chunk)));
    output.write(Buffer.from([7]));
    errors.write('after');
    await turn();
    await turn();
    expect(Buffer.concat(heard)).toEqual(Buffer.from([0, 255, 10, 64, 7]));
    expect(complained).toEqual(['after']);
  });

  it('ends with the reason that the way to the host was lost', async () => {
    const { talk, end } = fakeCommand();
    const next = talk.next(1000);
    end({ lost: 'The server\u001b[2J closed it.' });
    await expect(next).rejects.toMatchObject({
      code: 'host-lost',
      what: 'The way to db1 is lost.',
      why: 'The server\\x1b[2J closed it.',
    });
  });

  it('ends at its deadline, and when it is cancelled', async () => {
    const { talk } = fakeCommand();
    await expect(talk.next(20)).rejects.toMatchObject({ code: 'host-silent' });
    const abort = new AbortController();
    const next = talk.next(10_000, abort.signal);
    abort.abort();
    await expect(next).rejects.toThrow();
  });

  it('keeps no more noise than it needs', async () => {
    const { talk, output } = fakeCommand();
    const next = talk.next(5000);
    output.write('x'.repeat(200_000));
    await expect(next).rejects.toMatchObject({ code: 'host-shell' });
    const long = fakeCommand();
    const line = long.talk.next(5000);
    long.output.write(`@m ${'y'.repeat(70_000)}\n`);
    await expect(line).rejects.toMatchObject({ code: 'host-shell' });
  });

  it('finds a prompt once', async () => {
    const { talk, errors } = fakeCommand();
    errors.write('lecture\nPROMPT');
    await turn();
    expect([talk.takePrompt('PROMPT'), talk.takePrompt('PROMPT')]).toEqual([true, false]);
    errors.write('Sorry, try again.\nPROMPT');
    await turn();
    expect(talk.takePrompt('PROMPT')).toBe(true);
  });
});
