import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Sample } from '../../src/model/sample';
import { ACTORS, type Actor, actor, actorMissing } from './support/actor';
import { toRelease } from './support/releases';
import { skipUnless } from './support/rights';
import { type Running, startVictim } from './support/victim';

/** Seconds until a pile is believed to be a leak, with the looks that takes; many more on a loaded machine. */
const FOLLOWED = 15;
const MOST = 45;

/** A process that is followed on the command line. */
interface Followed {
  /** The newest Sample. */
  last(): Sample | undefined;
}

function follow(running: Running, who: Actor, pid: number): Followed {
  const child = spawn(who.node, [who.cli, String(pid), '--watch=1.5', '--json'], {
    cwd: '/',
    env: { PATH: '/usr/bin:/bin' },
    stdio: ['ignore', 'pipe', 'inherit'],
    ...(who.uid === undefined ? {} : { uid: who.uid, gid: who.gid ?? who.uid }),
  });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  running.onTestFinished(toRelease(() => child.kill('SIGKILL')));
  return {
    last: () => {
      const line = out.split('\n').slice(0, -1).at(-1);
      return line === undefined ? undefined : (JSON.parse(line) as Sample);
    },
  };
}

// They only wait.
describe.concurrent.each(ACTORS)('polls that are followed as %s', (name) => {
  it('are a leak where they pile up on one socket, and none where clients come', async (context) => {
    skipUnless(context, 'ioUring');
    const missing = actorMissing(name);
    if (missing !== undefined) context.skip(missing);
    const who = actor(name);
    const busy = { busy: true };
    const leak = await startVictim(context, who, 'ring_victim', ['polls-grow'], busy);
    const server = await startVictim(context, who, 'ring_victim', ['clients-grow'], busy);

    const began = performance.now();
    const leaking = follow(context, who, leak.pid);
    const serving = follow(context, who, server.pid);
    const seconds = () => (performance.now() - began) / 1000;
    const isLeak = () => leaking.last()?.findings[0]?.tag === 'armed-polls';
    while (seconds() < FOLLOWED || !(isLeak() || seconds() > MOST)) await sleep(500);
    const [first] = leaking.last()?.findings ?? [];
    expect(first).toMatchObject({ tag: 'armed-polls', severity: 'warning' });
    expect(first?.summary).toMatch(
      /^\d+ recvs are armed on one file, the unix socket at descriptor \d+, whose other end the process itself holds, \d+ more than \d+ s ago and never fewer/,
    );
    expect(first?.evidence).toContainEqual({ fd: leak.truth.fd });
    const served = serving.last();
    expect(served?.findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
    expect(served?.requests.length).toBeGreaterThan(60);
  }, 90_000);
});
