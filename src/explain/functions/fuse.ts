import { FUSE_ADVICE } from './advice';
import type { KernelFunction } from './entry';

/** FUSE and virtiofs. */
export const FUSE: readonly KernelFunction[] = [
  {
    names: ['request_wait_answer', '__fuse_request_send'],
    subsystem: 'FUSE',
    text: 'waits for the FUSE server’s answer',
    wake: 'killable',
    cause: 'fuse',
    advice: FUSE_ADVICE,
    rank: 'specific',
    seen: true,
  },
  {
    names: ['fuse_get_req', 'fuse_block_alloc'],
    subsystem: 'FUSE',
    text: 'waits until the FUSE server takes requests again: as many as it allows are unanswered',
    wake: 'killable',
    cause: 'fuse',
    advice: FUSE_ADVICE,
    rank: 'specific',
    seen: true,
  },
  {
    names: [
      'fuse_wait_on_page_writeback',
      'fuse_wait_on_folio_writeback',
      'fuse_sync_writes',
      'fuse_set_nowrite',
    ],
    subsystem: 'FUSE',
    text: 'waits for the FUSE server to take written pages',
    wake: 'uninterruptible',
    cause: 'fuse',
    advice: FUSE_ADVICE,
    rank: 'specific',
    seen: false,
  },
  {
    names: [
      'fuse_readahead',
      'fuse_read_folio',
      'fuse_readpage',
      'fuse_file_read_iter',
      'fuse_cache_read_iter',
    ],
    subsystem: 'FUSE',
    text: 'waits for the FUSE server to supply data',
    wake: 'killable',
    cause: 'fuse',
    advice: FUSE_ADVICE,
    rank: 'specific',
    seen: true,
  },
  {
    // Where the inode's lock is, whose own frames many kernels leave out of a stack.
    names: ['fuse_file_write_iter', 'fuse_cache_write_iter', 'fuse_direct_write_iter'],
    innermost: true,
    subsystem: 'FUSE',
    text: 'waits for another operation on the file, which the FUSE server has not answered',
    wake: 'uninterruptible',
    cause: 'fuse',
    advice: FUSE_ADVICE,
    rank: 'specific',
    seen: true,
  },
  {
    names: ['virtio_fs_enqueue_req', 'virtio_fs_wake_pending_and_unlock'],
    subsystem: 'virtiofs',
    text: 'waits for the host’s virtiofsd',
    wake: 'uninterruptible',
    cause: 'fuse',
    advice: 'Look at virtiofsd on the host.',
    rank: 'specific',
    seen: false,
  },
];
