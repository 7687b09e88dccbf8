import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { takeSample } from '../../src/sample/takeSample';
import { mountHangfs } from './support/mounts';
import { openTestTarget, self, stateOf } from './support/probe';
import { skipUnless } from './support/rights';
import { startVictim } from './support/victim';

/** Milliseconds of a look on a loaded machine: shorter than two reads of memory that are given up. */
const QUICK = 1800;

/** How often the process has waited of its own accord so far. */
const waits = (pid: number): number =>
  Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);

describe('what system calls and requests point at', () => {
  it('is left alone where it lies in a file of a mount that may hang, and it is said so', async (context) => {
    skipUnless(context, 'ioUring', 'fuse');
    const { directory, server } = await mountHangfs(context);
    const fifo = join(directory, '..', 'fifo');
    execFileSync('mkfifo', [fifo]);
    const file = join(directory, 'disk1');
    const { pid, truth } = await startVictim(context, self, 'hungargs', [file, fifo], { busy: true });
    expect(truth).toMatchObject({ resident: 0 });
    process.kill(server.pid, 'SIGUSR1');
    await sleep(100);
    const target = await openTestTarget();
    context.onTestFinished(() => target.dispose());
    let previous: Awaited<ReturnType<typeof takeSample>> | undefined;
    for (const look of ['a first look', 'one right after it', 'one later']) {
      if (look === 'one later') await sleep(2000);
      const [before, began] = [waits(pid), performance.now()];
      previous = await takeSample(target, pid, { previous });
      const took = performance.now() - began;
      process.stdout.write(`${look} at what points into a file that hangs: ${took.toFixed(0)} ms\n`);
      expect(took, look).toBeLessThan(QUICK);
      const { notVisible, requests, tasks, futexes } = previous;
      const why = notVisible.find(({ what }) => what.includes(file))?.why;
      expect(why, look).toContain(`which may not answer: reading it could freeze the process`);
      expect(why, look).toContain(directory);
      expect(requests.map(({ operation }) => operation).sort()).toEqual(['READV', 'RECVMSG']);
      expect(tasks.filter(({ syscall }) => syscall?.path !== undefined)).toEqual([]);
      expect(futexes).toBeUndefined();
      // Its first thread takes the lock of the map every 10 ms.
      await sleep(100);
      expect(stateOf(pid), look).toBe('S');
      expect(waits(pid) - before, look).toBeGreaterThan(5);
    }
  });
});
