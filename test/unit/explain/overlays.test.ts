import { describe, expect, it } from 'vitest';
import { explain } from '../../../src/explain/explain';
import type { Finding, Layer, Sample } from '../../../src/model/sample';
import { fileOf, requestOf, ringOf, sampleOf, workerOf } from '../samples';

const up: Layer = { directory: '/var/up', upper: true, mount: '/var', fsType: 'ext4', device: '254:16' };
const low: Layer = {
  directory: '/mnt/low',
  mount: '/mnt/low',
  fsType: 'fuse.sshfs',
  device: '0:45',
  holder: { pid: 812, name: 'sshfs' },
  waiting: 1,
};
const PAGE = ['folio_wait_bit_common', 'filemap_get_pages', 'filemap_read', 'ovl_read_iter'];

function first(operation: string, stack: readonly string[], layers: Layer[], parts: Partial<Sample> = {}) {
  const sample = sampleOf({
    tasks: [workerOf(10, operation, stack, 31)],
    rings: [ringOf({ inFlight: 1, live: 1, explained: 1 })],
    requests: [requestOf({ operation, fd: 6, worker: 10 })],
    resources: [fileOf(6, '/srv/db', { mount: '/srv', fsType: 'overlay', device: '0:50', layers })],
    ...parts,
  });
  return explain(sample, { last: true }).sample.findings[0] satisfies Finding | undefined;
}

describe('a file on an overlay', () => {
  it('is read from the layer that owes an answer', () => {
    expect(first('READ', PAGE, [up, low])?.summary).toBe(
      '1 read of /srv/db (overlay on fuse.sshfs) waits for the FUSE server sshfs (812) to supply a page, 31 s so far.',
    );
    expect(first('READ', PAGE, [up, low])?.explanation).toContain(
      'an overlay of /var/up (ext4, written to) and /mnt/low (fuse.sshfs).',
    );
  });

  it('is read from the one that stands still, where the other’s disk is used by others', () => {
    const disk = { name: 'vda', inFlightReads: 3, completed: 9 };
    const layers = [{ ...up, blockDevice: 'vda' }, low];
    const said = (finished: number) =>
      first('READ', PAGE, layers, { devices: [{ ...disk, finished }] })?.summary;
    expect(said(4)).toContain('(overlay on fuse.sshfs)');
    expect(said(0)).toContain('(overlay)');
  });

  it('is written to the upper layer, whose file system it is that is frozen', () => {
    const frozen = ['percpu_rwsem_wait', 'vfs_iocb_iter_write', 'ovl_write_iter'];
    expect(first('WRITE', frozen, [up, low])?.summary).toContain('the file system at /var is frozen');
  });

  it('is named as it is where several layers may be meant, or none owes anything', () => {
    const other = { ...low, directory: '/mnt/b', device: '0:46', mount: '/mnt/b' };
    for (const layers of [
      [up, low, other],
      [up, { ...low, waiting: 0 }],
    ]) {
      expect(first('READ', PAGE, layers)?.summary).toContain(
        '/srv/db (overlay) waits for a page of the file',
      );
    }
  });
});

describe('a request whose memory is a mapping of another file', () => {
  it('waits for that one', () => {
    const fault = ['folio_wait_bit_common', 'filemap_fault', 'handle_mm_fault', 'asm_exc_page_fault'];
    const finding = first('READ', fault, [], {
      requests: [requestOf({ fd: 6, worker: 10, bufferFile: '/mnt/low/db' })],
      resources: [
        fileOf(6, '/srv/db'),
        fileOf(7, '/mnt/low/db', {
          mount: '/mnt/low',
          fsType: 'fuse.sshfs',
          holder: { pid: 812, name: 'sshfs' },
        }),
      ],
    });
    expect(finding?.summary).toBe(
      '1 read whose memory is mapped from /mnt/low/db (fuse.sshfs) waits for the FUSE server sshfs (812) to supply a page, 31 s so far.',
    );
  });
});
