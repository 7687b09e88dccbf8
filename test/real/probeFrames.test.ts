import { beforeAll, describe, expect, it } from 'vitest';
import type { Frame } from '../../src/probe/protocol';
import { encodeRequest, FrameDecoder } from '../../src/probe/wire';
import { childrenOf, eventually, type RawProbe, startRaw, stateOf, testProbe } from './support/probe';
import type { Running } from './support/victim';

let path: string;

beforeAll(async () => {
  path = await testProbe();
});

function start(running: Running): RawProbe {
  const probe = startRaw(path);
  running.onTestFinished(() => probe.kill());
  return probe;
}

const decode = (bytes: Buffer): Frame[] => new FrameDecoder().push(bytes);
const ask = (paths: string[], id = 7) =>
  encodeRequest(id, { verb: 'read', limit: 1000, deadline: 1000 }, paths).frame;

/** The frames once `count` of them have come. */
async function frames(probe: RawProbe, count: number): Promise<Frame[]> {
  for (let length = 1; decode(probe.output()).length < count; length = probe.output().length + 1) {
    await probe.has(length);
  }
  return decode(probe.output());
}

function head(length: number, verb: number, count: number): Buffer {
  const frame = Buffer.alloc(16);
  frame.writeUInt32LE(length, 0);
  frame.writeUInt8(verb, 4);
  frame.writeUInt32LE(9, 8);
  frame.writeUInt32LE(count, 12);
  return frame;
}

describe("the probe's own side of the protocol", () => {
  it('greets first, and ends when its stdin closes', async (context) => {
    const probe = start(context);
    const [hello] = await frames(probe, 1);
    expect(hello).toMatchObject({ kind: 'hello', protocol: 1, pid: probe.pid });
    probe.write(ask(['/proc/version']));
    await frames(probe, 3);
    const children = childrenOf(probe.pid);
    expect(children.length).toBe(1);
    probe.end();
    expect(await probe.exit).toEqual({ code: 0, signal: null });
    await eventually('its reader is gone', () => children.every((child) => stateOf(child) === undefined));
  });

  it('leaves no reader behind when it is killed', async (context) => {
    const probe = start(context);
    probe.write(ask(['/proc/version']));
    await frames(probe, 3);
    const children = childrenOf(probe.pid);
    probe.kill();
    expect((await probe.exit).signal).toBe('SIGKILL');
    await eventually('its reader is gone', () =>
      children.every((child) => [undefined, 'Z'].includes(stateOf(child))),
    );
  });

  it('goes on with a new reader when one is killed', async (context) => {
    const probe = start(context);
    probe.write(ask(['/proc/version'], 1));
    await frames(probe, 3);
    for (const child of childrenOf(probe.pid)) process.kill(child, 'SIGKILL');
    await eventually('the reader is gone', () => childrenOf(probe.pid).length === 0);
    probe.write(ask(['/proc/version'], 2));
    const [, , , answers] = await frames(probe, 5);
    expect(answers).toMatchObject({ kind: 'answers', id: 2, answers: [{ ok: true }] });
  });

  it('takes a request in any pieces, and many at once', async (context) => {
    const probe = start(context);
    const all = Buffer.concat([1, 2, 3].map((id) => ask(['/proc/version', '/etc/shadow'], id)));
    for (const byte of all.subarray(0, 60)) {
      probe.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    probe.write(all.subarray(60));
    const said = await frames(probe, 7);
    expect(said.map((frame) => ('id' in frame ? frame.id : 0))).toEqual([0, 1, 1, 2, 2, 3, 3]);
    for (const frame of said) {
      if (frame.kind === 'answers')
        expect(frame.answers.map((answer) => (answer.ok ? 'ok' : answer.errno))).toEqual(['ok', 'EPERM']);
    }
  });

  it.each([
    ['a number nobody has given', 200],
    ['no verb', 0],
  ])('answers ENOSYS for %s, and goes on', async (_, verb) => {
    const probe = startRaw(path);
    const request = ask(['/proc/version', '/proc/version']);
    request.writeUInt8(verb, 4);
    probe.write(request);
    probe.write(ask(['/proc/version']));
    const said = await frames(probe, 5);
    expect(said[1]).toMatchObject({ answers: [{ errno: 'ENOSYS' }, { errno: 'ENOSYS' }] });
    expect(said[3]).toMatchObject({ answers: [{ ok: true }] });
    probe.end();
    expect((await probe.exit).code).toBe(0);
  });

  it('answers memory items of a wrong size with EINVAL', async (context) => {
    const probe = start(context);
    const bodies = [Buffer.alloc(0), Buffer.alloc(3), Buffer.alloc(15), Buffer.alloc(17), Buffer.alloc(29)];
    probe.write(encodeRequest(1, { verb: 'memory', limit: 10, deadline: 100 }, bodies).frame);
    expect((await frames(probe, 3))[1]).toMatchObject({ answers: bodies.map(() => ({ errno: 'EINVAL' })) });
  });

  it('answers kernel items of a wrong size with EINVAL, whoever asks', async (context) => {
    const probe = start(context);
    const bodies = [0, 1, 8].map((size) => Buffer.alloc(size, 1));
    probe.write(encodeRequest(1, { verb: 'kernel', limit: 10, deadline: 100 }, bodies).frame);
    expect((await frames(probe, 3))[1]).toMatchObject({ answers: bodies.map(() => ({ errno: 'EINVAL' })) });
  });

  it('answers socket items of a wrong size or family with EINVAL', async (context) => {
    const probe = start(context);
    const bodies = [0, 1, 4, 5, 6, 36, 37, 38].map((size) => Buffer.alloc(size, 3));
    probe.write(encodeRequest(1, { verb: 'sockets', limit: 10, deadline: 100 }, bodies).frame);
    expect((await frames(probe, 3))[1]).toMatchObject({ answers: bodies.map(() => ({ errno: 'EINVAL' })) });
  });

  const garbage: [string, Buffer, string][] = [
    ['a frame that is too long', head((1 << 20) + 1, 1, 0), 'too long'],
    ['a frame of four gigabytes', Buffer.alloc(64, 0xff), 'too long'],
    ['a frame that is too short', head(3, 1, 0), 'too short'],
    ['more items than there are', head(12, 1, 1), 'malformed'],
    ['far more items than there are', head(12, 1, 0xffffffff), 'malformed'],
    ['fewer items than there are', Buffer.concat([head(16, 1, 0), Buffer.alloc(4)]), 'longer'],
    [
      'an item that is longer than the frame',
      Buffer.concat([head(22, 1, 1), Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 5, 0])]),
      'malformed',
    ],
    ['text', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'), 'too long'],
  ];

  it.each(garbage)('refuses %s with a reason and ends', async (_, bytes, reason) => {
    const probe = startRaw(path);
    await frames(probe, 1);
    probe.write(bytes);
    expect(await probe.exit).toEqual({ code: 2, signal: null });
    const said = decode(probe.output());
    expect(said.length).toBe(2);
    expect(said[1]).toMatchObject({ kind: 'fatal', text: expect.stringContaining(reason) });
  });

  it('tells a person who starts it what it is', async () => {
    const version = startRaw(path, ['--version']);
    expect((await version.exit).code).toBe(0);
    expect(version.output().toString()).toMatch(/^io-uring-probe \d+\.\d+\.\d+\n$/);
    for (const args of [['--write', '/etc/passwd'], ['--no-kernel-memory', '--write'], ['--kernel-memory']]) {
      const other = startRaw(path, args);
      expect((await other.exit).code).toBe(2);
      expect(other.output().length).toBe(0);
    }
  });
});
