import { describe, expect, it } from 'vitest';
import { type HostId, hostKey } from '../../src/inspect/hostId';
import { Hosts } from '../../src/inspect/hosts';
import { Inspections } from '../../src/inspect/inspections';
import { look } from '../../src/inspect/look';
import type { ProcessSummary } from '../../src/model/process';
import type { Sample } from '../../src/model/sample';
import type { Asker } from '../../src/target/remoteHost';
import { actor } from './support/actor';
import { expectSentence, inspect, run, sampleFrom } from './support/inspect';
import { until } from './support/proc';
import { allowSudo, openOnStage, type SshStage, sshStage } from './support/sshStage';
import { type Running, startVictim } from './support/victim';

/** What does not change from one look to the next. */
function told({ findings, requests, rings, tasks, rights }: Sample) {
  const plain = (text: string | undefined) => text?.replace(/\d+(\.\d+)? (ms|s|min)\b/g, 'TIME');
  return {
    rights,
    findings: findings.map(({ tag, severity, summary }) => ({ tag, severity, summary: plain(summary) })),
    requests: requests.map(({ operation, state, userData, fd, certainty }) => ({
      operation,
      state,
      userData,
      fd,
      certainty,
    })),
    rings: rings.map(({ fd, id }) => ({ fd, id })),
    tasks: tasks.map(({ tid, state, wchan, kernelStack }) => ({ tid, state, wchan, kernelStack })),
  };
}

const left = (stage: SshStage) => until(() => stage.leftovers().length === 0, 'nothing is left on the host');

describe('the command line over SSH', () => {
  it('says of a stuck process what it says on the host, and leaves nothing there', async (context) => {
    const stage = await sshStage(context);
    const victim = await startVictim(context, stage.there, 'ring_victim', ['fifo-open']);

    const remote = sampleFrom(await run(stage.here, '--host', 'db1', String(victim.pid), '--json'));

    expect(remote.requests.length).toBe(4);
    expect(remote.rights.uid).toBe(stage.there.uid);
    expect(told(remote)).toEqual(told(await inspect(stage.there, victim.pid)));
    const text = await run(stage.here, '--host', 'db1', String(victim.pid), '--fail-on', 'info');
    expect(text).toMatchObject({ code: 3, stderr: '' });
    expect(text.stdout).toContain(remote.findings[0]?.summary.slice(0, 30));
    await left(stage);
  });

  it('sees with --sudo what root sees', async (context) => {
    const stage = await sshStage(context);
    allowSudo(context, stage);
    const victim = await startVictim(context, stage.there, 'ring_victim', ['fifo-open']);

    const answer = await run(stage.here, '--host', 'db1', '--sudo', String(victim.pid), '--json');

    const remote = sampleFrom(answer);
    expect(remote.rights).toMatchObject({ uid: 0, kernelStacks: true });
    expect(told(remote)).toEqual(told(await inspect(actor('root'), victim.pid)));
    await left(stage);
  });

  it('reads no memory there but that of rings where that is asked for', async (context) => {
    const stage = await sshStage(context);
    const victim = await startVictim(context, stage.there, 'ring_victim', ['fifo-open']);

    const remote = sampleFrom(
      await run(stage.here, '--host', 'db1', '--no-memory', String(victim.pid), '--json'),
    );

    expect(remote.requests.length).toBe(4);
    expect(remote.notVisible.map(({ why }) => why)).toContain(
      'reading the memory of processes is switched off',
    );
    await left(stage);
  });

  it('ranks the processes of all hosts, and says why one has none', async (context) => {
    const stage = await sshStage(context);
    const victim = await startVictim(context, stage.there, 'ring_victim', ['fifo-open']);

    const { code, stdout, stderr } = await run(stage.here, '--host', 'gone', '--host', 'db1', '--json');

    expect(code).toBe(4);
    expect(stderr).toMatch(/^inspect-io-uring: gone: .*Nothing listens at 127\.0\.0\.1, port 1\.\n$/);
    expectSentence(stderr);
    const rows = JSON.parse(stdout) as ProcessSummary[];
    expect(rows.find(({ pid }) => pid === victim.pid)).toMatchObject({ host: 'db1', rings: 1, pending: 4 });
    await left(stage);
  });
});

const DB1: HostId = { kind: 'ssh', alias: 'db1' };
const SILENT: Asker = { secret: async () => undefined, confirm: async () => false };

/** What a window has: hosts and inspections, over real SSH and on the real clock. */
async function followed(running: Running, stage: SshStage) {
  const clock = {
    now: () => performance.now(),
    setTimeout: (callback: () => void, wait: number) => setTimeout(callback, wait),
    clearTimeout: (handle: unknown) => clearTimeout(handle as NodeJS.Timeout),
  };
  const hosts = new Hosts(await openOnStage(stage), { user: SILENT, quiet: SILENT }, clock);
  const inspections = new Inspections(
    (host, pid) => (signal, previous) =>
      hosts.of(host).use((target) => look(target, pid, { signal, previous }), signal),
    clock,
  );
  hosts.onBack(({ id }) => void inspections.refreshAll(id));
  running.onTestFinished(() => {
    inspections.dispose();
    hosts.dispose();
  });
  const states: string[] = [];
  hosts.onChange(() => states.push(hosts.get(hostKey(DB1))?.state.kind ?? 'left'));
  return { hosts, inspections, states, state: () => hosts.of(DB1).state };
}

describe('an inspection that is followed over SSH', () => {
  it.for(['cut', 'stall'] as const)(
    'the way is lost (%s), and it goes on when it is back',
    async (how, context) => {
      const stage = await sshStage(context);
      const victim = await startVictim(context, stage.there, 'ring_victim', ['fifo-open']);
      const { hosts, inspections, states, state } = await followed(context, stage);
      const first = await inspections.follow(victim.pid, { host: DB1 });
      expect(first?.snapshot.problem).toBeUndefined();
      expect(first?.snapshot.sample?.requests.length).toBe(4);
      const key = first?.key ?? '';
      const snapshot = () => inspections.get(key)?.snapshot;
      inspections.setInterval(0.2);

      stage.proxy.fault = { after: 0, how };
      await until(() => state().kind === 'lost', 'the host is lost');
      // A look that was dear comes less often: the next one may be some seconds off.
      await inspections.refreshAll(DB1);
      const before = snapshot()?.sample;
      expect(snapshot()).toMatchObject({
        state: 'live',
        problem: { code: expect.stringMatching(/^host-lost|^probe-gone/) },
      });
      expect(before?.requests.length).toBe(4);
      await until(() => {
        const now = state();
        return now.kind === 'lost' && now.tries > 0;
      }, 'a try has failed');
      expect(snapshot()?.problem?.why).toMatch(/^Connection lost .* ago, trying again/);
      expect(snapshot()?.sample).toBe(before);

      // Nor does the host keep a probe for one who may never come back.
      await left(stage);

      stage.proxy.fault = undefined;
      await until(() => state().kind === 'connected', 'the host is back');
      await until(() => snapshot()?.problem === undefined, 'the inspection goes on');
      expect(snapshot()?.sample?.takenAt).not.toBe(before?.takenAt);
      expect(snapshot()?.sample?.requests.length).toBe(4);
      expect([...new Set(states)]).toEqual(['connecting', 'connected', 'lost']);

      inspections.remove(key);
      hosts.leave(hostKey(DB1));
      await left(stage);
    },
  );
});
