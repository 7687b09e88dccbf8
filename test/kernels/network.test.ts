import { expect, it } from 'vitest';
import { look } from '../../src/inspect/look';
import type { RemoteCalls } from '../../src/model/sample';
import { hostFolders, withDisks } from './support/disks';
import { type Answer, expectAnswer, startHeld } from './support/held';
import type { Machine } from './support/machine';
import { must } from './support/mounts';
import { mountNfs, NFS, silenceNfs } from './support/nfs';
import { onKernels } from './support/onKernels';
import { startVictim } from './support/victim';

const MOUNTED =
  /\/mnt\/nfs is mounted from 127\.0\.0\.1:\/ \(nfs4, vers=4\.1, timeo=600, retrans=2\); mounted hard/;

/** Each on a file of its own. */
const VICTIMS: readonly (readonly [
  name: string,
  words: readonly string[],
  answer: Omit<Answer, 'severity'>,
])[] = [
  [
    'plain read',
    ['waits', 'file-read', `${NFS}/a`],
    {
      says: [
        /in read on \/mnt\/nfs\/a \(nfs4\) waits for the NFS server 127\.0\.0\.1/,
        MOUNTED,
        /Only killing/,
      ],
    },
  ],
  [
    'write to a file that is read',
    ['waits', 'file-write', `${NFS}/a`],
    {
      says: [/in write on \/mnt\/nfs\/a \(nfs4\) waits for/, /the NFS server 127\.0\.0\.1 has not/, MOUNTED],
    },
  ],
  [
    'direct read',
    ['ring_victim', 'file', `${NFS}/b`, 'read', '1', 'direct'],
    {
      says: [
        /^1 request of \/mnt\/nfs\/b is with the NFS server 127\.0\.0\.1, which has answered nothing/,
        MOUNTED,
      ],
    },
  ],
  [
    'reads in workers',
    ['ring_victim', 'file', `${NFS}/c`, 'read', '4', 'async'],
    { says: [/reads? of \/mnt\/nfs\/c \(nfs4\) waits? for/, /NFS server 127\.0\.0\.1/, MOUNTED] },
  ],
  [
    'fsync',
    ['waits', 'file-sync', `${NFS}/d`],
    {
      says: [
        /in fsync on \/mnt\/nfs\/d \(nfs4\)/,
        /NFS server 127\.0\.0\.1 to take written pages/,
        /no signal, no kill/,
      ],
    },
  ],
  [
    'direct writes',
    ['ring_victim', 'file', `${NFS}/e`, 'write', '4', 'direct'],
    { says: [/\/mnt\/nfs\/e/, /NFS server 127\.0\.0\.1/, MOUNTED] },
  ],
  [
    'mkdir',
    ['waits', 'file-make', `${NFS}/new`],
    { says: [/in mkdir of \/mnt\/nfs\/new \(nfs4\) waits for the NFS server 127\.0\.0\.1’s answer/] },
  ],
  ['touch of a mapped page', ['waits', 'file-mapped', `${NFS}/f`], { says: [/page of a mapped file|NFS/] }],
];

onKernels((kernel) => {
  it('an NFS server that is not heard any more is named, with its export', async (context) => {
    const machine = await kernel.machine(context);
    await mountNfs(context, machine);
    const held = [];
    for (const [, words] of VICTIMS) held.push(await startHeld(context, machine, words));
    await must(machine, 'echo 3 >/proc/sys/vm/drop_caches');
    await silenceNfs(context, machine);
    for (const { go } of held) await go();

    for (const [index, [name, , answer]] of VICTIMS.entries()) {
      const sample = await expectAnswer(machine, held[index]?.pid ?? 0, `nfs ${name}`, {
        severity: 'critical',
        advises: /server/,
        ...answer,
      });
      const [calls] = (sample.remoteMounts ?? []).map((mount) => mount.calls);
      if (calls) await expectTrueNumbers(machine, calls);
    }
  });

  it('a folder of the host (virtiofs) whose server stands still leads to the host', async (context) => {
    const machine = await kernel.machine(context);
    const folder = hostFolders.get(machine);
    if (!folder) return context.skip('needs root, and the virtiofsd of QEMU up to 7.2');
    await must(machine, 'modprobe virtiofs; mkdir -p /mnt/host; mount -t virtiofs host /mnt/host');
    context.onTestFinished(() => must(machine, 'umount /mnt/host'));
    const plain = await startHeld(context, machine, ['waits', 'file-read', '/mnt/host/data']);
    const writes = await startHeld(context, machine, ['waits', 'file-write', '/mnt/host/more']);
    const reads = ['ring_victim', 'file', '/mnt/host/data', 'read', '3', 'async'];
    const async = await startHeld(context, machine, reads);
    folder.silence(context);
    for (const held of [plain, writes, async]) await held.go();
    const host = { severity: 'critical', advises: /virtiofsd on the host/ } as const;
    const server = /virtiofsd on this virtual machine’s host/;
    await expectAnswer(machine, plain.pid, 'virtiofs plain read', {
      ...host,
      says: [/in read on \/mnt\/host\/data \(virtiofs\) waits for/, server],
    });
    await expectAnswer(machine, writes.pid, 'virtiofs write', {
      ...host,
      says: [/in write on \/mnt\/host\/more \(virtiofs\) waits for/, server],
    });
    await expectAnswer(machine, async.pid, 'virtiofs reads in workers', {
      ...host,
      says: [/3 (?:reads|requests) of \/mnt\/host\/data/, server],
    });
  });

  it('calls that the server has made itself are not taken for unanswered ones', async (context) => {
    const machine = await kernel.machine(context);
    await mountNfs(context, machine);
    const idle = await startVictim(context, machine, 'waits', ['file-read', `${NFS}/g`]);
    // The client holds a delegation of the file, which the server takes back: its answer counts as sent.
    await must(machine, 'echo changed >>/srv/export/g; usleep 500000');

    const sample = await look(machine.target, idle.pid);

    const calls = sample.remoteMounts?.[0]?.calls;
    if (!calls) throw new Error('no calls are told');
    await expectTrueNumbers(machine, calls);
    if (kernel.version !== '5.10') expect(calls).toMatchObject({ pending: 0, unsent: 0 });
    expect(sample.findings.map(({ severity }) => severity)).toEqual(['info']);
  });
}, withDisks);

/** Held to what mountstats says of the mount, and to the kernel's own list of RPC tasks. */
async function expectTrueNumbers(machine: Machine, calls: RemoteCalls): Promise<void> {
  const { output } = await machine.run(
    'grep xprt: /proc/self/mountstats; cat /sys/kernel/debug/sunrpc/rpc_clnt/*/tasks',
  );
  // port, binds, connects, seconds to connect, seconds idle, sent, answered, answers to no call
  const [, sent, answered, unknown] = /tcp (?:-?\d+ ){5}(\d+) (\d+) (\d+)/.exec(output)?.map(Number) ?? [];
  expect(calls).toMatchObject({ sent, answered, unknownAnswers: unknown });
  const waiting = output.split('\n').filter((line) => line.includes('q:xprt_pending'));
  if (calls.pending !== undefined) expect(calls.pending).toBe(waiting.length);
}
