import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Sample } from '../../src/model/sample';
import { spawnProbe } from '../../src/target/local';
import { connectProbe, type ProbeTarget } from '../../src/target/probeTarget';
import { actor } from './support/actor';
import { startUnshared } from './support/containers';
import { answerOf, inspect } from './support/inspect';
import { testProbe } from './support/probe';
import { toRelease } from './support/releases';
import { skipUnless } from './support/rights';
import { type Running, startVictim } from './support/victim';

const ELSEWHERE = expect.objectContaining({
  why: expect.stringContaining('another PID namespace than the inspector'),
});

async function probeThrough(running: Running, ...words: readonly string[]): Promise<ProbeTarget> {
  const connection = spawnProbe('/usr/bin/env', undefined, [...words, await testProbe()]);
  const target = await connectProbe(connection, 'a probe elsewhere');
  running.onTestFinished(toRelease(() => target.dispose()));
  return target;
}

/** Inspects the first process of a PID namespace by that one's /proc, from the namespace around it. */
async function inspectByItsProc(running: Running, program: string, args: readonly string[]): Promise<Sample> {
  const who = actor('root');
  const { pid, ownPid } = await startUnshared(running, who, program, args);
  const through = ['-t', String(pid), '--mount', who.node];
  return inspect({ ...who, node: 'nsenter', through }, ownPid);
}

describe('an inspector whose /proc is of a PID namespace inside of its own', () => {
  it('has no number there', async (context) => {
    skipUnless(context, 'root', 'ioUring', 'userNamespaces');
    const { pid } = await startUnshared(context, actor('root'), 'ring_victim', ['eventfd-poll']);
    const target = await probeThrough(context, 'nsenter', '-t', String(pid), '--mount');
    expect(target).toMatchObject({ foreignPids: true });
    expect(target.self).toBeUndefined();
    const [comm] = await target.read(['/proc/1/comm']);
    expect(comm?.ok && comm.data.toString()).toBe('ring_victim\n');
  });

  it('does not take the kernel’s process of that number for the one in /proc', async (context) => {
    skipUnless(context, 'ioUring', 'kernelMemory', 'userNamespaces');
    const sample = await inspectByItsProc(context, 'ring_victim', ['fifo-open']);
    expect(sample.rights.kernelWalk).toBe(false);
    expect(sample.notVisible).toContainEqual(ELSEWHERE);
    expect(sample.requests).toHaveLength(4);
  });

  it('takes no number of the kernel’s for the SQPOLL thread', async (context) => {
    skipUnless(context, 'ioUring', 'userNamespaces');
    const sample = await inspectByItsProc(context, 'ring_victim', ['sqpoll-idle']);
    expect(sample.rings).toMatchObject([{ setup: expect.arrayContaining(['SQPOLL']) }]);
    expect(sample.rings[0]?.sqpollTid).toBeUndefined();
  });

  it('counts nothing of the kernel’s in a context of Linux AIO', async (context) => {
    skipUnless(context, 'kernelMemory', 'userNamespaces');
    const sample = await inspectByItsProc(context, 'aio', ['polls']);
    expect(sample.aio?.length).toBeGreaterThan(0);
    for (const one of sample.aio ?? []) expect(one).not.toHaveProperty('pending');
  });

  it('still names who is at the other end', async (context) => {
    skipUnless(context, 'root', 'userNamespaces');
    const sample = await inspectByItsProc(context, 'peers', ['unix-read']);
    expect(sample.resources.flatMap(({ peers = [] }) => peers)).toContainEqual(
      expect.objectContaining({ name: 'other-end' }),
    );
  });
});

describe('an inspector whose /proc is of the PID namespace around its own', () => {
  const inside = ['unshare', '--pid', '--fork', '--kill-child'] as const;

  it('knows itself by the number that /proc has', async (context) => {
    skipUnless(context, 'root');
    const target = await probeThrough(context, ...inside);
    expect(target.foreignPids).toBe(true);
    expect(readFileSync(`/proc/${target.self}/comm`, 'utf8')).toBe('io-uring-probe\n');
    expect(readFileSync(`/proc/${target.self}/status`, 'utf8')).toMatch(
      new RegExp(`^NSpid:\t${target.self}\t1$`, 'm'),
    );
  });

  it('knows since when tasks wait, and walks nothing', async (context) => {
    skipUnless(context, 'kernelMemory', 'ioUring');
    const who = actor('root');
    const { pid } = await startVictim(context, who, 'ring_victim', ['fifo-open']);
    const [node = '', ...through] = [...inside, who.node];
    const sample = await inspect({ ...who, node, through }, pid);
    expect(sample.rights.kernelWalk).toBe(false);
    expect(sample.notVisible).toContainEqual(ELSEWHERE);
    expect(answerOf(sample).summary).toMatch(/4 opens/);
    for (const { blocked = 0 } of sample.tasks) expect(blocked).toBeLessThan(30);
  });
});
