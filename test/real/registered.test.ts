import { expect, it } from 'vitest';
import { ACTORS, actor, actorMissing } from './support/actor';
import { inspect, run } from './support/inspect';
import { skipUnless } from './support/rights';
import { startVictim } from './support/victim';

it.for(ACTORS)('as %s, what a ring has registered is listed by slot', async (name, context) => {
  const missing = actorMissing(name);
  if (missing !== undefined) context.skip(missing);
  skipUnless(context, 'ioUring');
  const who = actor(name);
  const { pid, truth, directory } = await startVictim(context, who, 'ring_victim', ['registered']);
  const address = BigInt(truth.address ?? '0');

  const sample = await inspect(who, pid);

  const { kernelWalk } = sample.rights;
  const [ring] = sample.rings;
  const closed = kernelWalk ? { direct: true } : {};
  expect(ring).toMatchObject({ registeredFiles: 6, registeredBuffers: 3 });
  expect(ring?.fileSlots).toMatchObject([
    {
      ...{ index: 0, kind: 'file', path: `${directory}/with descriptor` },
      ...(kernelWalk ? { fd: truth.fd } : {}),
    },
    { index: 2, kind: 'pipe', name: expect.stringMatching(/^pipe:\[\d+\]$/), ...closed },
    ...(truth.direct ? [{ index: 3, path: `${directory}/direct`, ...closed }] : []),
    { index: 4, kind: 'socket', name: expect.stringMatching(/^socket:\[\d+\]$/), ...closed },
  ]);
  expect(ring?.bufferSlots).toMatchObject([
    { index: 0, address: truth.address, length: 4096, ...(kernelWalk ? { pieces: 1 } : {}) },
    { index: 1, address: `0x${(address + 8192n).toString(16)}`, length: 8192 },
  ]);
  const groups =
    kernelWalk && truth.groups ? [{ id: 70, kind: 'ring', entries: 8, tail: 3, left: 3 }] : undefined;
  if (groups) expect(ring?.bufferGroups).toMatchObject(groups);
  else expect(ring).not.toHaveProperty('bufferGroups');

  const report = await run(who, String(pid), '--verbose');
  expect(report.stdout).toContain('registered files: 6 slots, 4 in use');
  expect(report.stdout.replace(/\s+/g, ' ')).toMatch(
    /READ_FIXED registered file 2 \(pipe:\[\d+\]\).* registered buffer 1 \(8,192 bytes at 0x/,
  );
});
