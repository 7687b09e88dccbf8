import type { KernelFunction } from './entry';

/** Page faults and memory that must be freed or brought in first. */
export const MEMORY: readonly KernelFunction[] = [
  {
    names: ['swap_readpage', 'swap_read_folio', 'do_swap_page', 'swapin_readahead'],
    subsystem: 'swap',
    text: 'waits for a page of memory from swap',
    wake: 'uninterruptible',
    cause: 'memory',
    advice: 'The machine swaps: see /proc/pressure/memory and the swap device.',
    rank: 'specific',
    seen: false,
  },
  {
    names: [
      'try_to_free_pages',
      'throttle_direct_reclaim',
      'reclaim_throttle',
      'mem_cgroup_handle_over_high',
    ],
    subsystem: 'memory reclaim',
    text: 'waits for memory to be freed',
    wake: 'killable',
    cause: 'memory',
    advice: 'See /proc/pressure/memory and the memory.max of its cgroup.',
    rank: 'specific',
    seen: false,
  },
  {
    names: ['handle_userfault'],
    subsystem: 'userfaultfd',
    text: 'waits for a userfaultfd handler to supply the page of its buffer',
    wake: 'killable',
    cause: 'user fault',
    advice: 'Look at the thread or process that reads the userfaultfd: it must resolve the fault.',
    rank: 'specific',
    seen: true,
  },
];
