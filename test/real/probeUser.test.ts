import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { spawnProbe } from '../../src/target/local';
import { connectProbe, type ProbeTarget } from '../../src/target/probeTarget';
import { everybodysProbe, outcomes, self, skipUnlessMemoryReadable } from './support/probe';
import { toReleaseByShell } from './support/releases';
import { type Running, startVictim } from './support/victim';

const NOBODY = 65534;
let probe: string;

beforeAll(async () => {
  probe = await everybodysProbe();
});

async function openAsNobody(running: Running): Promise<ProbeTarget> {
  if (process.getuid?.() !== 0) return running.skip('needs root to become another user');
  const target = await connectProbe(spawnProbe(probe, { uid: NOBODY, gid: NOBODY }), 'nobody');
  running.onTestFinished(() => target.dispose());
  return target;
}

const files = (pid: number) =>
  ['stat', 'status', 'sched', 'maps', 'stack', 'syscall', 'io'].map((file) => `/proc/${pid}/${file}`);

describe('the probe without root', () => {
  it('says that it has no capabilities', async (context) => {
    const target = await openAsNobody(context);
    expect(target.rights).toEqual({ uid: NOBODY, capabilities: 0n });
  });

  it('reads its own processes, but not their kernel stacks', async (context) => {
    skipUnlessMemoryReadable(context, NOBODY);
    const target = await openAsNobody(context);
    const who = { ...self, uid: NOBODY, gid: NOBODY, programs: accessiblePrograms() };
    const own = await startVictim(context, who, 'hungmm', [probe]);
    const results = await target.read(files(own.pid));
    expect(outcomes(results)).toEqual(['ok', 'ok', 'ok', 'ok', 'EACCES', 'ok', 'ok']);
    const [fds] = await target.list([`/proc/${own.pid}/fd`], { links: true });
    expect(fds?.ok && fds.entries.some((entry) => entry.link === probe)).toBe(true);
  });

  it("gets the kernel's refusals for the processes of others as they are", async (context) => {
    const target = await openAsNobody(context);
    const results = await target.read(files(process.pid));
    expect(outcomes(results).slice(0, 3)).toEqual(['ok', 'ok', 'ok']);
    for (const outcome of outcomes(results).slice(3)) expect(['EACCES', 'EPERM']).toContain(outcome);
    expect(outcomes(await target.list([`/proc/${process.pid}/fd`]))).toEqual(['EACCES']);
    expect(outcomes(await target.link([`/proc/${process.pid}/exe`]))).toEqual(['EACCES']);
    const [memory] = await target.memory(process.pid, [{ address: 0x1000n, length: 8 }]);
    expect(memory).toEqual({ ok: false, errno: 'EACCES' });
  });

  it("may not read the kernel's memory, and reads the rest all the same", async (context) => {
    const target = await openAsNobody(context);
    const { kernel } = target;
    const found = await kernel.find(process.pid, { steps: [], last: 0, length: 8 });
    const ranges = await kernel.read([0n, 0xffff_ffff_8100_0000n].map((address) => ({ address, length: 8 })));
    expect(outcomes([found, ...ranges])).toEqual(['EPERM', 'EPERM', 'EPERM']);
    expect(outcomes(await target.read(['/proc/version']))).toEqual(['ok']);
  });
});

/** The victims where an ordinary user can run them. */
function accessiblePrograms(): string {
  const copy = mkdtempSync(join(tmpdir(), 'inspect-victims-'));
  toReleaseByShell(`rm -rf '${copy}'`);
  chmodSync(copy, 0o755);
  spawnSync('cp', [join(self.programs, 'hungmm'), copy]);
  expect(readFileSync(join(copy, 'hungmm')).length).toBeGreaterThan(0);
  return copy;
}
