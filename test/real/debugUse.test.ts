import { spawn } from 'node:child_process';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { describe, expect, it } from 'vitest';
import { type CheckedClient, INITIALIZE } from '../dap/client';
import { actor } from './support/actor';
import { attach, stackOf, startAdapter } from './support/debugging';
import { expectSentence } from './support/inspect';
import { toRelease } from './support/releases';
import { skipUnless } from './support/rights';
import { type Running, startVictim, type Victim } from './support/victim';

const REQUESTS = 700;

async function scene(context: Running, program: string, ...args: string[]) {
  skipUnless(context, 'ioUring');
  const victim = await startVictim(context, actor('root'), program, args);
  return { victim, client: startAdapter(context, actor('root')) };
}

const variablesOf = async (client: CheckedClient, args: DebugProtocol.VariablesArguments) =>
  (await client.variablesRequest(args)).body.variables;

/** The list of a ring's requests in flight, as it stands in Variables. */
async function requestsIn(client: CheckedClient): Promise<DebugProtocol.Variable> {
  const { threads } = (await client.threadsRequest()).body;
  const ring = threads.find(({ name }) => /^ring\b/.test(name))?.id ?? 0;
  const [frame] = await stackOf(client, ring);
  const { scopes } = (await client.scopesRequest({ frameId: frame?.id ?? 0 })).body;
  const rows = await Promise.all(
    scopes.map(({ variablesReference }) => variablesOf(client, { variablesReference })),
  );
  const found = rows.flat().find(({ name }) => name === 'requests in flight');
  if (!found) throw new Error(`no list of requests: ${JSON.stringify(rows)}`);
  return found;
}

describe('big lists in Variables', () => {
  it('come page by page for a client that pages', async (context) => {
    const { victim, client } = await scene(context, 'crowd', '1', '1', '0', String(REQUESTS), '1024');
    await attach(client, { pid: victim.pid });
    const { variablesReference, indexedVariables = 0 } = await requestsIn(client);
    expect(indexedVariables).toBeGreaterThanOrEqual(REQUESTS);
    const page = (start: number, count: number) =>
      variablesOf(client, { variablesReference, filter: 'indexed', start, count });
    expect((await page(0, 100)).map(({ name }) => name.split(' ')[0])).toEqual(
      Array.from({ length: 100 }, (_, index) => `[${index}]`),
    );
    const last = await page(indexedVariables - 3, 100);
    expect(last).toHaveLength(3);
    expect(await page(indexedVariables, 100)).toEqual([]);
    for (const { value, variablesReference: below } of last) {
      expect(value).toMatch(/\S/);
      const facts = await variablesOf(client, { variablesReference: below });
      expect(facts.map(({ name }) => name)).toContain('user_data');
    }
    await client.disconnectRequest();
  });

  it('fold for a client that does not', async (context) => {
    const { victim, client } = await scene(context, 'crowd', '1', '1', '0', String(REQUESTS), '1024');
    await client.initializeRequest({ ...INITIALIZE, supportsVariablePaging: false });
    await Promise.all([
      client.event('initialized').then(() => client.configurationDoneRequest()),
      client.attachRequest({ pid: victim.pid } as object),
      client.event('stopped'),
    ]);
    const { variablesReference, indexedVariables } = await requestsIn(client);
    expect(indexedVariables).toBeUndefined();
    const parts = await variablesOf(client, { variablesReference });
    expect(parts[1]?.name).toBe('[100 … 199]');
    const rows = await variablesOf(client, { variablesReference: parts[1]?.variablesReference ?? 0 });
    expect(rows).toHaveLength(100);
    await client.disconnectRequest();
  });
});

describe('what is watched, and pointed at', () => {
  it('is answered anew at each stop, in the picture of the frame', async (context) => {
    const { victim, client } = await scene(context, 'ring_victim', 'fifo-open');
    await attach(client, { pid: victim.pid, interval: 0.2 });
    const ask = async (expression: string, kind: string) => {
      const [frame] = await stackOf(client, victim.pid);
      return (await client.evaluateRequest({ expression, context: kind, frameId: frame?.id ?? 0 })).body;
    };
    const watched = await ask('pending', 'watch');
    expect(watched.result).toMatch(/^4 requests in flight/);
    expect(await variablesOf(client, { variablesReference: watched.variablesReference })).toHaveLength(4);
    expect((await ask('ring 1', 'watch')).result).toMatch(/4 in flight/);
    expect((await ask('pending', 'hover')).result).toMatch(/^io_uring Inspector: 4 requests in flight/);
    for (const kind of ['watch', 'hover']) {
      const [frame] = await stackOf(client, victim.pid);
      const asked = { expression: 'victim->length', context: kind, frameId: frame?.id ?? 0 };
      expectSentence((await client.failing('evaluate', asked)).message ?? '');
    }
    await client.continueRequest({ threadId: victim.pid });
    await client.pauseRequest({ threadId: victim.pid });
    await client.event('stopped', ({ body }) => body.reason === 'pause');
    expect((await ask('pending', 'watch')).result).toBe(watched.result);
    await client.disconnectRequest();
  });
});

interface Told {
  readonly stop: DebugProtocol.StoppedEvent['body'];
  readonly info: DebugProtocol.ExceptionInfoResponse['body'];
}

/** Attaches with one filter set, and tells why the view has stopped. */
async function stopOf(
  client: CheckedClient,
  { pid }: Victim,
  filterId: string,
  happens?: () => void,
): Promise<Told> {
  await client.initializeRequest(INITIALIZE);
  const set = async () => {
    const asked = { filters: [], filterOptions: [{ filterId }] };
    const { breakpoints } = (await client.setExceptionBreakpointsRequest(asked)).body ?? { breakpoints: [] };
    expect(breakpoints).toEqual([{ verified: true }]);
    await client.configurationDoneRequest();
  };
  await Promise.all([
    client.event('initialized').then(set),
    client.attachRequest({ pid, interval: 0.2 } as object),
  ]);
  const first = await client.event<DebugProtocol.StoppedEvent>('stopped');
  if (happens) {
    expect(first.body.reason).toBe('entry');
    await client.continueRequest({ threadId: pid });
    happens();
  }
  const { body } = await client.event<DebugProtocol.StoppedEvent>(
    'stopped',
    ({ body: told }) => told.reason === 'exception',
  );
  const { threads } = (await client.threadsRequest()).body;
  expect(threads.map(({ id }) => id)).toContain(body.threadId);
  return {
    stop: body,
    info: (await client.exceptionInfoRequest({ threadId: body.threadId ?? 0 })).body,
  };
}

describe('filters stop the view', () => {
  it('where completions have overflowed', async (context) => {
    const { victim, client } = await scene(context, 'ring_victim', 'cq-overflow');
    const { stop, info } = await stopOf(client, victim, 'cq-overflow');
    expect(stop.description).toBe('CQ overflow');
    expect(info).toMatchObject({
      exceptionId: 'cq-overflow',
      description: expect.stringMatching(/^32 completions of .* did not fit into its queue\.$/),
    });
    await client.disconnectRequest();
  });

  it('where no worker is free', async (context) => {
    const { victim, client } = await scene(context, 'ring_victim', 'workers-exhausted');
    const { stop, info } = await stopOf(client, victim, 'workers-exhausted');
    expect(stop.description).toBe('No worker free');
    expect(stop.threadId).toBe(victim.pid);
    expect(info.exceptionId).toBe('workers-exhausted');
    expectSentence(info.description ?? '');
    await client.disconnectRequest();
  });

  it('when something new is found', async (context) => {
    const { victim, client } = await scene(context, 'ring_victim', 'healthy');
    const { stop, info } = await stopOf(client, victim, 'new-finding', () =>
      process.kill(victim.pid, 'SIGSTOP'),
    );
    expect(stop.description).toBe('New finding');
    expect(info.description).toMatch(/stopped/);
    process.kill(victim.pid, 'SIGCONT');
    await client.disconnectRequest();
  });
});

describe('a process that ends while it is attached to', () => {
  it.for([0, 20, 60, 120])(
    'after %i ms the client is told in a sentence, or it ends with its process',
    async (after, context) => {
      const client = startAdapter(context, actor('root'));
      await client.initializeRequest(INITIALIZE);
      const child = spawn('sleep', ['60'], { stdio: 'ignore' });
      context.onTestFinished(toRelease(() => child.kill('SIGKILL')));
      await new Promise((resolve) => child.once('spawn', resolve));
      const pid = child.pid ?? 0;
      const attached = client.attachRequest({ pid, interval: 0.2 } as object).then(
        () => '',
        (error: Error) => error.message,
      );
      await client.configurationDoneRequest();
      setTimeout(() => child.kill('SIGKILL'), after);
      const refused = await attached;
      if (refused === '') {
        await client.event('stopped');
        await client.continueRequest({ threadId: pid });
        await client.event('terminated');
      } else {
        expectSentence(refused);
        expect(refused).toContain(String(pid));
      }
      await client.disconnectRequest();
      expect(await client.ended).toBe(0);
    },
  );
});
