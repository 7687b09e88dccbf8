import { DISK_ADVICE } from './advice';
import type { KernelFunction } from './entry';

/** The block layer, its throttles, and the devices that stand on others. */
export const BLOCK_LAYER: readonly KernelFunction[] = [
  {
    names: ['submit_bio_wait', 'blk_execute_rq', 'blkdev_issue_flush', '__blkdev_issue_discard'],
    subsystem: 'block layer',
    text: 'waits for the disk to finish a request',
    wake: 'uninterruptible',
    cause: 'device',
    advice: DISK_ADVICE,
    rank: 'specific',
    seen: false,
  },
  {
    names: ['blk_mq_get_tag', '__blk_mq_alloc_requests', 'blk_mq_get_request'],
    subsystem: 'block layer',
    text: 'waits for a free request of the device: its queue is full',
    wake: 'uninterruptible',
    cause: 'device',
    advice:
      'The device takes no more until it finishes some: compare nr_requests with inflight in /sys/block/DEV.',
    rank: 'specific',
    seen: false,
  },
  {
    names: ['wbt_wait', 'rq_qos_wait'],
    subsystem: 'block layer throttle',
    text: 'is held back by the block layer’s throttle (wbt, latency or cost control)',
    wake: 'uninterruptible',
    cause: 'throttled',
    advice: 'See /sys/block/DEV/queue/wbt_lat_usec and the cgroup’s io.cost and io.latency.',
    rank: 'specific',
    seen: false,
  },
  {
    names: ['ioc_rqos_throttle', 'blk_throtl_bio', '__blk_throtl_bio', 'blkcg_maybe_throttle_current'],
    subsystem: 'cgroup I/O limit',
    text: 'is held back by an I/O limit of its cgroup',
    wake: 'uninterruptible',
    cause: 'throttled',
    advice: 'See io.max of the process’s cgroup.',
    rank: 'specific',
    seen: false,
  },
  {
    names: ['blk_queue_enter', '__bio_queue_enter', 'blk_mq_freeze_queue_wait'],
    subsystem: 'block layer',
    text: 'waits because the device’s queue is frozen or suspended',
    wake: 'uninterruptible',
    cause: 'device',
    advice: 'Something reconfigures the device, or it is suspended; see the kernel log.',
    rank: 'specific',
    seen: false,
  },
  {
    names: [
      'dm_wait_for_completion',
      'dm_suspend',
      'md_handle_request',
      'md_write_start',
      'raid5_get_active_stripe',
    ],
    subsystem: 'device mapper / md',
    text: 'waits for the device-mapper or RAID device',
    wake: 'uninterruptible',
    cause: 'device',
    advice: 'See dmsetup info and /proc/mdstat.',
    rank: 'specific',
    seen: false,
  },
];
