import { describe, expect, it } from 'vitest';
import { explain } from '../../../src/explain/explain';
import { fileOf, sampleOf, stackOf, taskOf } from '../samples';

const WAITS = ['folio_wait_bit', 'folio_wait_writeback', '__filemap_fdatawait_range'];

/** The first sentence about a thread that has waited 31 s for its own file's pages in sync_file_range. */
function answer(fsType: string): string | undefined {
  const task = taskOf({
    state: 'D',
    blocked: 31,
    kernelStack: stackOf(...WAITS, 'ksys_sync_file_range'),
    syscall: { number: 277, name: 'sync_file_range', args: ['0x3', '0x0', '0x0', '0x0', '0x0', '0x0'] },
  });
  const file = fileOf(3, '/mnt/f', { fsType, holder: { pid: 812, name: 'sshfs' }, blockDevice: 'vdb' });
  return explain(sampleOf({ tasks: [task], resources: [file] }), { last: true }).sample.findings[0]?.summary;
}

describe('who must take written pages', () => {
  it('is the FUSE server where the file is of one', () => {
    expect(answer('fuse.sshfs')).toContain('waits for the FUSE server sshfs (812) to take written pages');
  });

  it('is the disk elsewhere', () => {
    expect(answer('ext4')).toContain('waits for pages of the file to be written to the disk vdb');
  });
});
