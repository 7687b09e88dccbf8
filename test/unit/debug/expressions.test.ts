import { describe, expect, it } from 'vitest';
import { idle, read, ring, stuck } from '../views/samples';
import { attached } from './scripted';

const sample = () =>
  stuck({
    requests: [
      read({ worker: 4243, age: 31.2, userData: '0x1111', address: '0x7f00aa' }),
      read({ userData: '0x2222', state: 'queued' }),
      read({ userData: '0x2222', state: 'queued' }),
      read({ userData: '0x3333', state: 'completed', result: 5 }),
    ],
    notVisible: [{ what: 'kernel stacks', why: 'needs root', remedy: 'run with sudo' }],
  });

async function ask(expression: string, context = 'repl') {
  const { client } = await attached(sample(), false, { supportsVariablePaging: true });
  return client.request('evaluate', { expression, context });
}

describe('an expression', () => {
  it.each([
    ['pending', /^\d+ requests in flight\nring 1 \(fd 5\): 100 in flight · 8 listed$/],
    ['findings', /^STUCK 100 reads/],
    ['ring 1', /^ring 1 \(fd 5\) · 100 in flight/],
    ['fd 6', /^fd 6 · file \/mnt\/data\/db · fuse\.sshfs at \/mnt\/data/],
    ['request 0x1111', /^READ \/mnt\/data\/db · running in a worker · 31 s · worker 4243$/],
    ['request 0x7f00AA', /^READ \/mnt\/data\/db/],
    ['request 4369', /^READ \/mnt\/data\/db/],
    ['0x1111', /^READ \/mnt\/data\/db/],
    ['request 0x2222', /^2 requests$/],
    [
      ' thread  4243 ',
      /^thread 4243 · iou-wrk-4242 \(4243\) · waits for the FUSE server's answer · D · 31 s$/,
    ],
    ['process', /^server \(4242\): /],
    ['blind', /^kernel stacks: needs root$/],
    ['summary', /^server \(4242\): .*\nSTUCK .*\n1 thing could not be seen/],
    ['report', /^server \(4242\) .*\n\nRings \(1\)/s],
    [
      'help',
      /^findings +what is wrong, the gravest first\n.*request USER_DATA +.*the process is never stopped\.$/s,
    ],
  ])('%s', async (expression, says) => {
    const { success, body } = await ask(expression);
    expect(success).toBe(true);
    expect(body.result).toMatch(says);
  });

  it('leads to what is below it', async () => {
    expect((await ask('findings')).body.indexedVariables).toBe(stuck().findings.length);
    expect((await ask('pending')).body.indexedVariables).toBe(3);
    expect((await ask('ring 1')).body.variablesReference).toBeGreaterThan(0);
    expect((await ask('help')).body.variablesReference).toBe(0);
  });

  it.each([
    ['', 'Nothing was asked. '],
    ['buffer->len', '“buffer->len” is nothing that can be asked here.'],
    ['ring', 'After “ring” stands N.'],
    ['ring 9', 'There is no ring “9”. The rings here: 1.'],
    ['ring one', 'There is no ring “one”.'],
    ['fd 99', 'There is no fd “99”. The descriptors here: 6'],
    ['thread 1', 'The threads here: 4242, 4243'],
    ['request 0x9', 'The user_data here: 0x1111, 0x2222, 0x3333.'],
    ['pending 7', 'Nothing follows “pending”.'],
    ['0x9999', 'is nothing that can be asked here.'],
    ['constructor', 'There is: findings, pending, request USER_DATA, ring N, fd N,'],
    ['\u001b[31m{x}\n', '“\\x1b[31m{x}” is nothing'],
  ])('unknown: %j says what there is', async (expression, says) => {
    const answer = await ask(expression);
    expect(answer.success).toBe(false);
    expect(answer.message).toContain(says);
    expect(answer.body.error).toMatchObject({ id: 1038, showUser: false });
  });

  it('says in a hover who answers: the program may have a variable of that name', async () => {
    expect((await ask('pending', 'hover')).body.result).toMatch(/^io_uring Inspector: \d+ requests/);
    expect((await ask('length', 'hover')).success).toBe(false);
  });

  it('is answered from the picture of its frame', async () => {
    const { client, services } = await attached(sample(), false);
    const { stackFrames } = await client.ask('stackTrace', { threadId: 4242 });
    await client.ask('continue');
    services.inspection.look(stuck({ takenAt: '2026-11-22T20:00:01.000Z', findings: [] }));
    const frameId = stackFrames[0].id;
    expect((await client.ask('evaluate', { expression: 'findings', frameId })).result).toContain('STUCK');
    expect((await client.ask('evaluate', { expression: 'findings' })).result).toContain('Nothing');
  });
});

describe('completions', () => {
  const complete = async (text: string, column = text.length + 1, more: object = {}) => {
    const { client } = await attached(sample(), false, more);
    const { targets } = await client.ask('completions', { text, column });
    return targets;
  };
  const labels = async (text: string, column?: number) =>
    (await complete(text, column)).map(({ label }: { label: string }) => label);

  it('name what there is', async () => {
    expect(await labels('')).toContain('pending');
    expect(await labels('  ri')).toEqual(['ring']);
    expect(await labels('report', 4)).toEqual(['report']);
    expect(await labels('ring ')).toEqual(['1']);
    expect(await labels('request 0x')).toEqual(['0x1111', '0x2222']);
    expect(await labels('thread 424')).toHaveLength(8);
    expect(await labels('help ')).toEqual([]);
    expect(await labels('nothing ')).toEqual([]);
    expect(await labels('ring 1 ')).toEqual([]);
  });

  it('replace the word that is begun, counted as the client counts', async () => {
    const [one] = await complete('ring 1');
    expect(one).toMatchObject({
      label: '1',
      start: 6,
      length: 1,
      detail: expect.stringContaining('in flight'),
    });
    const [other] = await complete('ring 1', 6, { columnsStartAt1: false });
    expect(other).toMatchObject({ start: 5, length: 1 });
  });

  it('are few where there are very many', async () => {
    const tasks = Array.from({ length: 5000 }, (_, index) => idle(10_000 + index));
    const { client } = await attached(stuck({ tasks, rings: [ring(1)] }), false);
    const { targets } = await client.ask('completions', { text: 'thread 1', column: 9 });
    expect(targets).toHaveLength(100);
  });

  it('are there before anything is attached to, and harmless for odd arguments', async () => {
    const { client } = await attached(sample(), false);
    for (const args of [
      {},
      { text: 7, column: 1 },
      { text: 'fd ', column: -5 },
      { text: 'x', column: 1e9, line: 2 },
    ])
      expect(Array.isArray((await client.ask('completions', args)).targets)).toBe(true);
  });
});
