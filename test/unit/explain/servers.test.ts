import { describe, expect, it } from 'vitest';
import { culpritOf, hardwareRemedy } from '../../../src/explain/disks';
import { explain } from '../../../src/explain/explain';
import type { RemoteCalls, Resource, Sample } from '../../../src/model/sample';
import { earlier, fileOf, requestOf, ringOf, sampleOf, stackOf, taskOf } from '../samples';

const WAITER = taskOf({ kernelStack: stackOf('io_cqring_wait', '__do_sys_io_uring_enter') });

/** A request of that file is on its way, no thread is in it. */
function inside(file: Resource, parts: Partial<Sample> = {}): Sample {
  return sampleOf({
    rights: { uid: 0, kernelStacks: true, kernelWalk: true, tracing: false },
    tasks: [WAITER],
    rings: [ringOf({ inFlight: 1, live: 1, explained: 1 })],
    requests: [requestOf({ state: 'issued', fd: file.fd })],
    resources: [file],
    ...parts,
  });
}

const NFS_FILE = fileOf(6, '/srv/f', { mount: '/srv', fsType: 'nfs4', source: '10.9.9.1:/x' });

function onNfs(calls: Partial<RemoteCalls>): Sample {
  const counted = { sent: 50, answered: 40, unknownAnswers: 0, timeouts: 0, slow: [], ...calls };
  const mount = { mount: '/srv', fsType: 'nfs4', server: '10.9.9.1', exported: '/x', options: ['hard'] };
  return inside(NFS_FILE, { remoteMounts: [{ ...mount, calls: counted }] });
}

const answer = (now: Sample, before: Sample) =>
  explain(now, { other: earlier(before), last: true }).sample.findings[0];

describe('a request inside NFS', () => {
  it('is stuck when the server has answered nothing between two looks', () => {
    const finding = answer(onNfs({ pending: 1 }), onNfs({ pending: 1 }));
    expect(finding?.severity).toBe('critical');
    expect(finding?.summary).toMatch(/^1 request of \/srv\/f is with the NFS server 10\.9\.9\.1, which/);
    expect(finding?.stuck).toBe(1);
  });

  it('is not while others are answered, nor when no call waits', () => {
    expect(answer(onNfs({ pending: 1, answered: 41 }), onNfs({ pending: 1 }))?.severity).toBe('info');
    expect(answer(onNfs({ pending: 0 }), onNfs({ pending: 0 }))?.severity).toBe('info');
  });

  it('is judged by the counters where the connections cannot be seen', () => {
    expect(answer(onNfs({}), onNfs({}))?.severity).toBe('critical');
    expect(answer(onNfs({ answered: 50 }), onNfs({ answered: 50 }))?.severity).toBe('info');
  });
});

describe('a request inside virtiofs', () => {
  it('waits for the host, where nothing of it can be seen', () => {
    const sample = inside(fileOf(6, '/mnt/f', { fsType: 'virtiofs', source: 'tag' }));
    const finding = answer(sample, sample);
    expect(finding?.summary).toMatch(
      /^1 request of \/mnt\/f is with virtiofsd on this virtual machine’s host, which has completed none/,
    );
    expect(finding?.remedy).toMatch(/virtiofsd on the host/);
  });
});

describe('the disk that is to blame', () => {
  const volume = { name: 'dm-0', mapperName: 'slow', members: ['sda', 'sdb'], inFlightReads: 2 };
  const silent = { inFlightReads: 2, finished: 0 };
  const blamed = (...devices: { readonly name: string }[]) =>
    culpritOf(sampleOf({ devices: [volume, ...devices] }), volume);

  it('is the only one below a volume that answers nothing', () => {
    const found = blamed({ name: 'sda', ...silent }, { name: 'sdb' });
    expect(found?.text).toBe('sda');
    expect(found?.remedy).toMatch(/kernel log for sda/);
  });

  it('is none where several are silent, or the one moves', () => {
    expect(blamed({ name: 'sda', ...silent }, { name: 'sdb', ...silent })).toBeUndefined();
    const moving = { name: 'sda', inFlightReads: 2, finished: 3 };
    expect(blamed(moving, { name: 'sdb' })).toBeUndefined();
  });

  it('is looked for on the host where it is virtio’s, nowhere by name where it stands on others', () => {
    expect(hardwareRemedy({ name: 'vdb' })).toMatch(/host of this virtual machine/);
    expect(hardwareRemedy(volume)).toBeUndefined();
    expect(hardwareRemedy({ name: 'loop0', backingFile: '/x' })).toBeUndefined();
  });
});
