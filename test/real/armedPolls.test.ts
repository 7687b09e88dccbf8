import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Sample } from '../../src/model/sample';
import { ACTORS, type Actor, actor, actorMissing } from './support/actor';
import { skipUnless } from './support/rights';
import { startVictim } from './support/victim';

/** Seconds until a pile is believed to be a leak, with the looks that takes. */
const FOLLOWED = 15;

/** The last Sample of an inspection that follows a process on the command line for some seconds. */
async function followed(who: Actor, pid: number): Promise<Sample> {
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
  try {
    await sleep(FOLLOWED * 1000);
  } finally {
    child.kill('SIGKILL');
  }
  const last = out.split('\n').slice(0, -1).at(-1);
  if (last === undefined) throw new Error('no look was taken');
  return JSON.parse(last) as Sample;
}

describe.each(ACTORS)('polls that are followed as %s', (name) => {
  it('are a leak where they pile up on one socket, and none where clients come', async (context) => {
    skipUnless(context, 'ioUring');
    const missing = actorMissing(name);
    if (missing !== undefined) context.skip(missing);
    const who = actor(name);
    const busy = { busy: true };
    const leak = await startVictim(context, who, 'ring_victim', ['polls-grow'], busy);
    const server = await startVictim(context, who, 'ring_victim', ['clients-grow'], busy);

    const [leaking, serving] = await Promise.all([followed(who, leak.pid), followed(who, server.pid)]);

    const [first] = leaking.findings;
    expect(first).toMatchObject({ tag: 'armed-polls', severity: 'warning' });
    expect(first?.summary).toMatch(
      /^\d+ recvs are armed on one file, the unix socket at descriptor \d+, whose other end the process itself holds, \d+ more than \d+ s ago and never fewer/,
    );
    expect(first?.evidence).toContainEqual({ fd: leak.truth.fd });
    expect(serving.findings.map(({ severity }) => severity)).toEqual(serving.findings.map(() => 'info'));
    expect(serving.requests.length).toBeGreaterThan(60);
  });
});
