import { describe, expect, it } from 'vitest';
import type { Request } from '../../../src/model/sample';
import { read, ring, stuck } from '../views/samples';
import type { DapClient } from './dapClient';
import { attached } from './scripted';

interface Row {
  readonly name: string;
  readonly value: string;
  readonly variablesReference: number;
  readonly indexedVariables?: number;
  readonly memoryReference?: string;
  readonly evaluateName?: string;
}

const PAGING = { supportsVariablePaging: true, supportsMemoryReferences: true };

async function scopesOf(client: DapClient, threadId: number, frame = 0): Promise<Map<string, Row>> {
  const { stackFrames } = await client.ask('stackTrace', { threadId });
  const { scopes } = await client.ask('scopes', { frameId: stackFrames[frame].id });
  return new Map(scopes.map((scope: Row) => [scope.name, scope]));
}

async function below(client: DapClient, row: Row | undefined, more: object = {}): Promise<Row[]> {
  if (!row) throw new Error('no such row');
  const { variables } = await client.ask('variables', {
    variablesReference: row.variablesReference,
    ...more,
  });
  return variables;
}

function named(rows: readonly Row[], name: string): Row {
  const row = rows.find((one) => one.name === name);
  if (!row) throw new Error(`no ${name} among ${rows.map((one) => one.name).join(', ')}`);
  return row;
}

const REQUEST: Request = read({
  worker: 4243,
  age: 31.2,
  userData: '0x7f0000001000',
  address: '0x7f0000002000',
  length: 4096,
  offset: 8192,
  flags: ['ASYNC'],
  operands: [
    { name: 'open flags', value: 'O_RDONLY' },
    { name: 'priority', value: '4' },
  ],
});

describe('the scopes of a task', () => {
  it('say what it waits for, what it carries, what was found', async () => {
    const { client, stop } = await attached(stuck({ requests: [REQUEST] }), false, PAGING);
    const scopes = await scopesOf(client, stop.body.threadId);
    expect([...scopes.keys()]).toEqual(['Waits for', '1 request', 'Frame', 'Findings', 'Rings', 'Process']);
    const waits = await below(client, scopes.get('Waits for'));
    expect(named(waits, 'waits').value).toBe("it waits for the FUSE server's answer");
    expect(named(waits, 'ends').value).toBe('only a fatal signal ends the wait');
    const requests = await below(client, scopes.get('1 request'));
    const [request] = requests;
    expect(request).toMatchObject({
      name: '[0]',
      value: 'READ /mnt/data/db · running in a worker · 4,096 bytes at 8,192 · 31 s · worker 4243',
      memoryReference: '0x7f0000002000',
      evaluateName: 'request 0x7f0000001000',
    });
    const facts = await below(client, request);
    expect(named(facts, 'open flags').value).toBe('O_RDONLY');
    expect(named(facts, 'flags').value).toBe('ASYNC');
    expect(named(facts, 'user_data').memoryReference).toBe('0x7f0000001000');
    expect(named(facts, 'priority').memoryReference).toBeUndefined();
    const carrier = await below(client, named(facts, 'carried by'));
    expect(await below(client, named(carrier, 'stack'))).toHaveLength(5);
    const file = named(facts, 'file');
    expect(file.value).toContain('/mnt/data/db · fuse.sshfs at /mnt/data');
    expect(named(await below(client, file), 'mount').value).toBe('/mnt/data');
    const [finding] = await below(client, scopes.get('Findings'));
    const told = await below(client, finding);
    expect(named(told, 'why').value).not.toBe('');
    expect(named(told, 'what to do').value).not.toBe('');
    const evidence = await below(client, named(told, 'seen in'));
    expect(evidence[0]?.variablesReference).toBeGreaterThan(0);
  });
});

describe('the scopes of a ring', () => {
  it('have its counters and what is registered', async () => {
    const own = ring(1, {
      inFlight: 100,
      explained: 1,
      cqTail: 4,
      overflowed: 2,
      setup: ['SQPOLL'],
      registeredFiles: 3,
      registeredBuffers: 7,
    });
    const { client } = await attached(stuck({ requests: [REQUEST], rings: [own] }), false, PAGING);
    const { threads } = await client.ask('threads');
    const scopes = await scopesOf(client, threads[0].id);
    const request = await below(client, scopes.get('Request'));
    expect(named(request, 'operation').value).toBe('READ');
    const counters = await below(client, scopes.get('Ring'));
    const values = Object.fromEntries(counters.map(({ name, value }) => [name, value]));
    expect(values).toMatchObject({
      'in flight': '100',
      'not collected': '4',
      overflowed: '2',
      'set up with': 'SQPOLL',
      'registered files': '3 slots, not listed in this Sample',
      'registered buffers': '7 slots, not listed in this Sample',
      descriptor: '5',
    });
  });
});

describe('what a ring has registered', () => {
  const own = ring(1, {
    registeredFiles: 2000,
    registeredBuffers: 2,
    fileSlots: Array.from({ length: 1024 }, (_, index) => ({ index, direct: true, name: `f\u001b${index}` })),
    bufferSlots: [
      { index: 0, address: '0x7f0000002000', length: 4096 },
      { index: 1, kernelOwned: true, length: 512 },
    ],
    bufferGroups: [{ id: 7, kind: 'ring', entries: 8, head: 65_535, tail: 2, left: 3 }],
  });
  const { fd: _fd, path: _path, ...fixed } = REQUEST;
  const request: Request = {
    ...fixed,
    fixedFile: 1023,
    operands: [{ name: 'buffer', value: 'registered buffer 0' }],
  };
  const open = async (): Promise<{ client: DapClient; rows: Row[]; scopes: Map<string, Row> }> => {
    const { client } = await attached(stuck({ requests: [request], rings: [own] }), false, PAGING);
    const { threads } = await client.ask('threads');
    const scopes = await scopesOf(client, threads[0].id);
    return { client, scopes, rows: await below(client, scopes.get('Ring')) };
  };

  it('comes in pages, and says what is not listed', async () => {
    const { client, rows } = await open();
    const files = named(rows, 'registered files');
    expect(files).toMatchObject({
      value: '2,000 slots, all in use of the first 1,024; 976 more slots are not listed',
      indexedVariables: 1024,
    });
    const page = await below(client, files, { filter: 'indexed', start: 1022, count: 10 });
    expect(page.map(({ name, value }) => `${name} ${value}`)).toEqual([
      '[1022] f\\x1b1022 · no descriptor',
      '[1023] f\\x1b1023 · no descriptor',
    ]);
    const groups = await below(client, named(rows, 'buffer groups'));
    expect(groups[0]).toMatchObject({ name: 'group 7', value: 'ring of 8, 3 left' });
  });

  it('has memory where a buffer is the program’s own', async () => {
    const { client, rows } = await open();
    const [mine, lent] = await below(client, named(rows, 'registered buffers'));
    expect(mine).toMatchObject({
      value: '4,096 bytes at 0x7f0000002000',
      memoryReference: '0x7f0000002000',
    });
    expect(lent).toMatchObject({ value: '512 bytes · memory of the kernel, lent by a driver' });
    expect(lent).not.toHaveProperty('memoryReference');
  });

  it('is what a request leads to by its index', async () => {
    const { client, scopes } = await open();
    const rows = await below(client, scopes.get('Request'));
    expect(named(rows, 'registered file 1023').value).toBe('f\\x1b1023 · no descriptor');
    expect(named(rows, 'registered buffer 0')).toMatchObject({ memoryReference: '0x7f0000002000' });
  });
});

describe('a long list', () => {
  const requests = Array.from({ length: 12_345 }, (_, index) =>
    read({ userData: `0x${index.toString(16)}` }),
  );

  it('comes in pages where the client pages', async () => {
    const { client } = await attached(stuck({ requests }), false, PAGING);
    const result = await client.ask('evaluate', { expression: 'pending' });
    expect(result.indexedVariables).toBe(12_345);
    const page = { filter: 'indexed', start: 12_340, count: 100 };
    const rows = await below(client, result, page);
    expect(rows.map(({ name }) => name)).toEqual(['[12340]', '[12341]', '[12342]', '[12343]', '[12344]']);
    expect(await below(client, result, { filter: 'named' })).toEqual([]);
  });

  it('folds where it does not', async () => {
    const { client } = await attached(stuck({ requests }), false);
    const result = await client.ask('evaluate', { expression: 'pending' });
    expect(result.indexedVariables).toBeUndefined();
    const rows = await below(client, result);
    expect(rows.map(({ name }) => name)).toEqual(['[0 … 9999]', '[10000 … 12344]']);
    const parts = await below(client, rows[1]);
    expect(parts.at(-1)?.name).toBe('[12300 … 12344]');
    const last = await below(client, parts.at(-1));
    expect([last.length, last.at(-1)?.name]).toEqual([45, '[12344]']);
  });
});

describe('references', () => {
  it('are forgotten two pictures later, with a sentence', async () => {
    const { client, services, stop } = await attached(stuck({ requests: [REQUEST] }), false);
    const scopes = await scopesOf(client, stop.body.threadId);
    await client.ask('continue');
    services.inspection.look(stuck({ takenAt: '2026-11-22T20:00:01.000Z' }));
    expect((await below(client, scopes.get('Process'))).length).toBeGreaterThan(5);
    services.inspection.look(stuck({ takenAt: '2026-11-22T20:00:02.000Z' }));
    const reference = scopes.get('Process')?.variablesReference;
    const answer = await client.request('variables', { variablesReference: reference });
    expect(answer).toMatchObject({ success: false, body: { error: { id: 1038, showUser: false } } });
    expect(answer.message).toContain('Ask for the threads and their stacks again.');
  });
});

describe('memory', () => {
  const read = async (args: object, bytes: number, at = 0x1000n) => {
    const { client, services } = await attached(stuck(), false, PAGING);
    services.bytes = Uint8Array.from({ length: bytes }, (_, index) => index & 255);
    services.bytesAt = at;
    const answer = await client.request('readMemory', args);
    return { answer, asked: services.asked.filter((one) => one.startsWith('memory')) };
  };

  it('is read as the hex viewer asks for it', async () => {
    const { answer, asked } = await read({ memoryReference: '0x1000', offset: 4, count: 4 }, 64);
    expect(answer.body).toEqual({ address: '0x1004', data: Buffer.from([4, 5, 6, 7]).toString('base64') });
    expect(asked).toEqual(['memory 4242 0x1004 4']);
  });

  it('says how much cannot be read', async () => {
    const { answer } = await read({ memoryReference: '0x1000', count: 100 }, 60);
    expect(Buffer.from(answer.body.data, 'base64')).toHaveLength(60);
    expect(answer.body.unreadableBytes).toBe(40);
    const none = await read({ memoryReference: '0x1000', offset: -16, count: 8 }, 60);
    expect(none.answer.body).toEqual({ address: '0xff0', unreadableBytes: 8 });
    const outside = await read({ memoryReference: '0x8', offset: -16, count: 8 }, 60);
    expect(outside.answer.body).toEqual({ address: '0x0', unreadableBytes: 8 });
    expect(outside.asked).toEqual([]);
  });

  it('comes in pieces, and never more than a megabyte at once', async () => {
    const { answer, asked } = await read({ memoryReference: '0x1000', count: 3 << 20 }, 4 << 20);
    expect(Buffer.from(answer.body.data, 'base64')).toHaveLength(1 << 20);
    expect(answer.body.unreadableBytes).toBeUndefined();
    expect(asked).toHaveLength(16);
  });

  it.each([
    [{ memoryReference: 'buffer', count: 1 }],
    [{ memoryReference: 7, count: 1 }],
    [{ memoryReference: '0x1000', count: -1 }],
    [{ memoryReference: '0x1000', offset: 0.5, count: 1 }],
    [{ memoryReference: '0x1000' }],
  ])('is refused for %j', async (args) => {
    expect((await read(args, 8)).answer).toMatchObject({ success: false, body: { error: { id: 1038 } } });
  });
});
