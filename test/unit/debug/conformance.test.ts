import { describe, expect, it } from 'vitest';
import { Conversation, Framing, type Message, protocol } from '../../dap/conformance';

const stopped = (body: object): Message => ({ seq: 1, type: 'event', event: 'stopped', body });
const response = (command: string, body: unknown): Message => ({
  seq: 1,
  type: 'response',
  request_seq: 1,
  success: true,
  command,
  ...(body === undefined ? {} : { body }),
});

describe('the schema that is made of the protocol’s declarations', () => {
  it('knows all of its requests and events', () => {
    const names = Object.keys(protocol().definitions);
    expect(names.filter((name) => name.endsWith('Request')).length).toBeGreaterThan(40);
    expect(names.filter((name) => name.endsWith('Event')).length).toBeGreaterThan(15);
    expect(protocol().definitions['StackFrame']?.required).toEqual(['id', 'name', 'line', 'column']);
  });

  it.each<readonly [string, Message]>([
    ['an event', stopped({ reason: 'entry', threadId: 1, allThreadsStopped: true })],
    ['a response', response('threads', { threads: [{ id: 1, name: 'a' }] })],
    ['a response without a body', response('attach', undefined)],
    [
      'a frame of another kind',
      response('stackTrace', {
        stackFrames: [
          { id: 1, name: 'f', line: 0, column: 0, presentationHint: 'subtle', moduleId: 'vmlinux' },
        ],
        totalFrames: 1,
      }),
    ],
    [
      'attach with fields of our own',
      { seq: 1, type: 'request', command: 'attach', arguments: { pid: 1, host: 'db1' } },
    ],
    [
      'an error',
      {
        seq: 1,
        type: 'response',
        request_seq: 1,
        success: false,
        command: 'attach',
        message: 'no',
        body: { error: { id: 1, format: 'no' } },
      },
    ],
    [
      'an environment',
      {
        seq: 1,
        type: 'request',
        command: 'runInTerminal',
        arguments: { cwd: '/', args: ['a'], env: { A: 'b', C: null } },
      },
    ],
  ])('takes %s', (_, message) => {
    expect(protocol().problems(message)).toEqual([]);
  });

  it.each<readonly [string, Message, RegExp]>([
    ['a field that is missing', stopped({}), /required property 'reason'/],
    ['a value that the protocol does not name', stopped({ reason: 'bored' }), /allowed values/],
    ['a field that the protocol has not', stopped({ reason: 'step', thread: 1 }), /additional properties/],
    ['a field of another type', stopped({ reason: 'step', threadId: '1' }), /must be number/],
    [
      'the same deep inside',
      response('stackTrace', { stackFrames: [{ id: 1, name: 'f', line: 1 }] }),
      /required property 'column'/,
    ],
    [
      'a closed word deep inside',
      response('stackTrace', {
        stackFrames: [{ id: 1, name: 'f', line: 1, column: 1, presentationHint: 'loud' }],
      }),
      /allowed values/,
    ],
    ['a body that is missing', response('threads', undefined), /required property 'body'/],
    ['an event that there is not', { seq: 1, type: 'event', event: 'bored' }, /no such message/],
    ['a request that there is not', { seq: 1, type: 'request', command: 'jump' }, /no such message/],
  ])('refuses %s', (_, message, why) => {
    expect(protocol().problems(message).join('\n')).toMatch(why);
  });
});

describe('the order of messages', () => {
  const request = (seq: number, command: string): Message => ({ seq, type: 'request', command });
  const answer = (seq: number, to: number, command: string): Message => ({
    ...response(command, undefined),
    seq,
    request_seq: to,
  });
  const problems = (...messages: readonly (readonly ['client' | 'adapter', Message])[]) => {
    const conversation = new Conversation();
    for (const message of messages) conversation.note(...message);
    return conversation.problems.join('\n');
  };

  it('is right where each request has one answer', () => {
    const right = problems(
      ['client', request(1, 'configurationDone')],
      ['adapter', answer(1, 1, 'configurationDone')],
    );
    expect(right).toBe('');
  });

  it('is wrong where one has two, another’s, or a number is left out', () => {
    const asked = ['client', request(1, 'configurationDone')] as const;
    const first = ['adapter', answer(1, 1, 'configurationDone')] as const;
    expect(problems(asked, first, ['adapter', answer(2, 1, 'configurationDone')])).toMatch(/twice/);
    expect(problems(asked, ['adapter', answer(1, 1, 'attach')])).toMatch(/attach answers configurationDone/);
    expect(problems(asked, ['adapter', answer(2, 1, 'configurationDone')])).toMatch(/seq 2 after 0/);
    expect(problems(['adapter', stopped({ reason: 'entry' })])).toMatch(/before the answer to initialize/);
  });

  it('is read from bytes however they are cut', () => {
    const texts = [request(1, 'threads'), request(2, 'loadedSources')].map((one) => JSON.stringify(one));
    const bytes = Buffer.from(texts.map((text) => `Content-Length: ${text.length}\r\n\r\n${text}`).join(''));
    for (const size of [1, 7, 1000]) {
      const seen: Message[] = [];
      const framing = new Framing((message) => seen.push(message));
      for (let at = 0; at < bytes.length; at += size) framing.push(bytes.subarray(at, at + size));
      expect(seen.map(({ command }) => command)).toEqual(['threads', 'loadedSources']);
    }
  });
});
