import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/model/errors';
import type { ProcessSummary } from '../../../src/model/process';
import { idle, ring, stuck, worker } from '../views/samples';
import { attached, sessionOf } from './scripted';

const row = (pid: number, name: string): ProcessSummary => ({
  pid,
  name,
  command: [`./${name}`],
  state: 'S',
  uninterruptible: 0,
  score: 0,
  reason: '',
});

const at = (second: number) => `2026-11-22T20:00:${String(second).padStart(2, '0')}.000Z`;
const healthy = () =>
  stuck({ takenAt: at(1), findings: [], requests: [], rings: [ring(1, { inFlight: 0 })] });

describe('attaching', () => {
  it('shows the answer at once, with the process going on', async () => {
    const { client, stop, services } = await attached(stuck(), false);
    expect(stop.body).toMatchObject({
      reason: 'entry',
      allThreadsStopped: true,
      description: 'Picture frozen',
    });
    expect(client.named('process')[0]?.body).toEqual({
      name: 'server',
      systemProcessId: 4242,
      isLocalProcess: true,
      startMethod: 'attach',
    });
    expect(client.output).toMatch(/^server \(4242\): .*stuck/);
    expect(client.output).toContain('The process itself is never stopped');
    const { stackFrames } = await client.ask('stackTrace', { threadId: stop.body.threadId });
    expect(stackFrames[0].name).toBe('request_wait_answer+0x115/0x2f0 ← waits here');
    await client.ask('disconnect');
    expect(services.disposed).toBe(1);
    expect(services.inspection.calls).toEqual(['pause', 'dispose']);
    expect(services.inspection.heard).toBe(0);
  });

  it('stops only when the client is ready for it', async () => {
    const { client } = sessionOf(stuck(), false);
    await client.ask('initialize', {});
    await client.ask('attach', { pid: 4242 });
    await client.ask('threads');
    expect(client.named('stopped')).toEqual([]);
    await client.ask('configurationDone');
    await client.event('stopped');
  });

  it('takes a process by its name', async () => {
    const { client, services } = sessionOf(stuck(), false);
    services.processes = [row(1, 'init'), row(4242, 'server')];
    await client.ask('attach', { processName: 'server', host: 'db1', sudo: true });
    const host = '{"kind":"ssh","alias":"db1","sudo":true}';
    expect(services.asked).toEqual([`list ${host}`, `follow ${host} 4242`]);
    expect(client.named('process')[0]?.body.isLocalProcess).toBe(false);
  });

  it('lists those that fit where it is not just one', async () => {
    const { client, services } = sessionOf(stuck(), false);
    services.processes = [row(41, 'server'), row(42, 'server'), row(43, 'other')];
    const two = await client.request('attach', { processName: 'server' });
    expect(two).toMatchObject({ success: false, body: { error: { id: 1035, showUser: true } } });
    expect(two.message).toContain('They are server (41), server (42).');
    const none = await client.request('attach', { processName: 'nobody' });
    expect(none.message).toContain('No process on this machine is called “nobody”.');
    expect(none.message).toContain('Give its number as “pid”; the test lists all.');
    await client.ask('attach', { processName: 'other' });
  });

  it('is about one process', async () => {
    const { client } = await attached(stuck(), false);
    const again = await client.request('attach', { pid: 1 });
    expect(again).toMatchObject({ success: false, body: { error: { id: 1036 } } });
  });

  it('hands on why a process cannot be followed', async () => {
    const { client, services } = sessionOf(undefined);
    const answer = await client.request('attach', { pid: 5 });
    expect(answer.body.error).toMatchObject({
      id: 1002,
      format: 'There is no process 5. It has ended. Take another.',
    });
    expect((await client.request('threads')).body).toEqual({ threads: [] });
    expect((await client.request('stackTrace', { threadId: 5 })).message).toContain('Nothing is inspected');
    await client.ask('disconnect');
    expect(services.disposed).toBe(1);
  });

  it('can be cancelled, by its request and by its progress, and leaves nothing followed', async () => {
    for (const how of ['requestId', 'progressId']) {
      const { client, services } = sessionOf(stuck(), false);
      let open = () => {};
      services.gate = new Promise((resolve) => {
        open = resolve;
      });
      await client.ask('initialize', { supportsProgressReporting: true });
      const attaching = client.request('attach', { pid: 4242 });
      const requestId = client.lastSeq;
      const { body } = await client.event('progressStart');
      expect(body).toMatchObject({ title: 'Attaching', requestId, cancellable: true });
      expect(client.named('progressUpdate').map((update) => update.body.message)).toEqual([
        'Taking the first look at process 4242 on this machine',
      ]);
      await client.ask('cancel', how === 'requestId' ? { requestId } : { progressId: body.progressId });
      expect(await attaching).toMatchObject({ success: false, message: 'cancelled' });
      expect(client.named('progressEnd')).toHaveLength(1);
      open();
      await client.ask('threads');
      expect(services.inspection.calls).toEqual(['dispose']);
      expect(client.named('process')).toEqual([]);
    }
  });
});

describe('a picture', () => {
  it('is frozen by pause and live again by continue', async () => {
    const { client, services } = await attached(stuck(), false);
    const { inspection } = services;
    inspection.look(healthy());
    expect((await client.ask('evaluate', { expression: 'findings' })).result).toContain('STUCK');
    expect(await client.ask('continue', { threadId: 4242 })).toEqual({ allThreadsContinued: true });
    await client.ask('threads');
    expect(inspection.calls).toEqual(['pause', 'resume']);
    expect((await client.ask('evaluate', { expression: 'findings' })).result).toBe(
      'Nothing was found wrong.',
    );
    expect(client.output).toContain('No longer: ');
    inspection.look(stuck({ takenAt: at(2) }));
    expect(client.output).toMatch(/STUCK .*\n$/);
    expect(client.named('output').at(-1)?.body.category).toBe('important');
    const before = client.events.length;
    await client.ask('pause', { threadId: 4242 });
    const { body } = await client.event('stopped', before);
    expect(body).toMatchObject({ reason: 'pause', allThreadsStopped: true, description: 'Picture frozen' });
    expect(client.output).toMatch(/Picture frozen, the process goes on: .*stuck/);
    expect(inspection.calls.at(-1)).toBe('pause');
  });

  it('is completed while it is frozen when its sources come late', async () => {
    const { client, services } = await attached(stuck(), false, { supportsInvalidatedEvent: true });
    const late = stuck();
    const [thread, ...rest] = late.tasks;
    if (!thread) throw new Error('no thread');
    const userStack = [
      { function: 'main', file: '/src/a.c', line: 7, address: '0x1000', trust: 'proven' as const },
    ];
    services.inspection.look({ ...late, tasks: [{ ...thread, userStack }, ...rest] });
    const { stackFrames } = await client.ask('stackTrace', { threadId: 4242 });
    expect(stackFrames.at(-1)).toMatchObject({ name: 'main', line: 7, source: { path: '/src/a.c' } });
    // Not while the client still asks: an editor would begin anew between a stop and the variables of its frame.
    expect(client.named('invalidated')).toHaveLength(0);
    const { scopes } = await client.ask('scopes', { frameId: stackFrames[0]?.id });
    await client.ask('variables', { variablesReference: scopes[0]?.variablesReference });
    await client.event('invalidated');
    expect(client.named('invalidated')).toHaveLength(1);
    services.inspection.look(stuck({ takenAt: at(9), tasks: [] }));
    expect((await client.ask('threads')).threads).toHaveLength(10);
  });

  it('says which threads come and go, and keeps their numbers', async () => {
    const { client, services } = await attached(stuck(), false, { supportsInvalidatedEvent: true });
    const before = await client.ask('threads');
    await client.ask('continue');
    const tasks = [idle(4242), worker(4243), worker(5000)];
    services.inspection.look(stuck({ tasks, rings: [ring(1), ring(2)] }));
    const { threads } = await client.ask('threads');
    const told = client.named('thread').map(({ body }) => `${body.reason} ${body.threadId}`);
    expect(threads[0].id).toBe(before.threads[0].id);
    expect(threads[1].id).not.toBe(threads[0].id);
    expect(told).toContain('exited 4250');
    expect(told).toContain('started 5000');
    expect(told).toContain(`started ${threads[1].id}`);
    expect(told).toHaveLength(9);
  });

  it('says once that looks fail, and once that they succeed again', async () => {
    const { client, services } = await attached(stuck(), false);
    await client.ask('continue');
    const problem = { code: 'host-lost', what: 'The host is lost.', why: 'No answer.' } as const;
    const { sample } = services.inspection.snapshot;
    if (!sample) throw new Error('no sample');
    services.inspection.publish({ state: 'live', sample, problem });
    services.inspection.publish({ state: 'live', sample, problem: { ...problem } });
    services.inspection.publish({ state: 'live', sample });
    await client.ask('threads');
    expect(client.output.match(/The host is lost/g)).toHaveLength(1);
    expect(client.output).toMatch(/The process is looked at again\.\n$/);
  });

  it('of a saved Sample stands for ever', async () => {
    const { client, services } = sessionOf(undefined);
    services.saved = stuck();
    await client.ask('initialize', { supportsMemoryReferences: true });
    await client.ask('attach', { sample: '/tmp/x.json' });
    await client.ask('configurationDone');
    const { body } = await client.event('stopped');
    expect(body).toMatchObject({ reason: 'entry', description: 'Saved Sample' });
    expect((await client.ask('threads')).threads).toHaveLength(10);
    expect((await client.request('continue')).body.error).toMatchObject({ id: 1039 });
    const memory = await client.request('readMemory', { memoryReference: '0x1000', count: 8 });
    expect(memory.message).toContain('A saved Sample holds no memory');
    expect(services.asked).toEqual([]);
    await client.ask('disconnect');
  });
});

describe('the end', () => {
  it('of the process ends the session', async () => {
    const { client, services } = await attached(stuck(), false);
    await client.ask('continue');
    services.inspection.end();
    await client.event('terminated');
    expect(client.named('thread').filter(({ body }) => body.reason === 'exited')).toHaveLength(10);
    expect(client.named('exited')).toEqual([]);
    expect(client.output).toContain('Process 7 ended.');
    expect((await client.request('pause')).success).toBe(false);
    // What was seen last can be looked at until the client leaves.
    expect((await client.ask('evaluate', { expression: 'pending' })).result).toContain('in flight');
  });

  it('is told at continue where the picture was frozen', async () => {
    const { client, services } = await attached(stuck(), false);
    services.inspection.end();
    await client.ask('threads');
    expect(client.named('terminated')).toEqual([]);
    await client.ask('continue');
    await client.event('terminated');
  });

  it('of the client’s stream lets go of everything', async () => {
    const { client, services } = await attached(stuck(), false);
    client.hangUp();
    await expect.poll(() => services.disposed).toBe(1);
    expect(services.inspection.calls.at(-1)).toBe('dispose');
  });

  it('by terminate leaves a process alone that was attached to', async () => {
    const { client } = await attached(stuck(), false);
    await client.ask('terminate');
    await client.event('terminated');
    expect(client.output).toContain('The process goes on');
  });
});

describe('launching', () => {
  const launched = async (args: object = {}, initialize: object = {}) => {
    const all = sessionOf(stuck(), false);
    await all.client.ask('initialize', initialize);
    await all.client.ask('configurationDone');
    await all.client.ask('launch', { program: './server', args: ['-p', '80'], ...args });
    return all;
  };

  it('follows the program live from its beginning, with its output', async () => {
    const { client, services } = await launched();
    await client.ask('threads');
    expect(services.started?.program).toEqual({ program: './server', args: ['-p', '80'] });
    expect(client.named('stopped')).toEqual([]);
    expect(client.named('process')[0]?.body.startMethod).toBe('launch');
    expect(client.named('output')[0]?.body).toEqual({ category: 'stdout', output: 'hello\n' });
    expect(client.named('thread')).toHaveLength(10);
  });

  it('ends with the program’s exit code', async () => {
    const { client, services } = await launched();
    services.inspection.end();
    services.started?.ends(3);
    await client.event('terminated');
    expect(client.named('exited')[0]?.body).toEqual({ exitCode: 3 });
    expect(client.output).toContain('It ended with exit code 3.');
  });

  it('ends the program at terminate, and not at disconnect', async () => {
    const first = await launched();
    await first.client.ask('terminate');
    await first.client.event('terminated');
    expect(first.client.named('exited')[0]?.body).toEqual({ exitCode: 143 });
    const second = await launched();
    await second.client.ask('disconnect');
    expect(second.services.started?.ended).toBe(false);
    const third = await launched();
    await third.client.ask('disconnect', { terminateDebuggee: true });
    expect(third.services.started?.ended).toBe(true);
  });

  it('ends what it has started where it cannot be followed', async () => {
    const { client, services } = sessionOf(undefined);
    services.refusal = new UserError('not-permitted', 'It cannot be read.', 'No right.');
    const answer = await client.request('launch', { program: './server' });
    expect(answer.body.error.id).toBe(1006);
    expect(services.started?.ended).toBe(true);
  });

  it('says of a program that was too short how it ended', async () => {
    const { client, services } = sessionOf(undefined);
    const answer = client.request('launch', { program: '/bin/false' });
    await client.event('output');
    services.started?.ends(1);
    expect((await answer).message).toMatch(
      /^false has ended before it could be looked at\. It ended with exit code 1\. /,
    );
  });

  it('asks the client for its terminal, and finds the program by what it tells', async () => {
    const all = sessionOf(stuck(), false);
    const { client, services } = all;
    const asked: object[] = [];
    client.inTerminal = (args) => {
      asked.push(args);
      return { shellProcessId: 99 };
    };
    const run = { program: './server', console: 'integratedTerminal', env: { A: null } };
    await client.ask('initialize', {});
    expect((await client.request('launch', run)).message).toContain('cannot open a terminal');
    await client.ask('initialize', { supportsRunInTerminalRequest: true });
    expect((await client.request('launch', run)).message).toContain('cannot be found');
    expect(asked).toEqual([
      { kind: 'integrated', title: 'server', cwd: '', args: ['./server'], env: { A: null } },
    ]);
    Object.assign(services, {
      startedInTerminal: async (told: object) => {
        services.asked.push(`in terminal ${JSON.stringify(told)}`);
        return { pid: 4242, end: () => services.asked.push('end') };
      },
    });
    await client.ask('launch', run);
    await client.ask('terminate');
    await client.event('terminated');
    expect(services.asked).toEqual([
      'in terminal {"shellProcessId":99}',
      'follow {"kind":"local"} 4242',
      'end',
    ]);
  });

  it('says so where the terminal was refused', async () => {
    const { client } = sessionOf(stuck(), false);
    await client.ask('initialize', { supportsRunInTerminalRequest: true });
    const answer = await client.request('launch', { program: './server', console: 'externalTerminal' });
    expect(answer.message).toContain('no terminal');
  });
});
