import { DISK_ADVICE } from './advice';
import type { KernelFunction } from './entry';

/** Drivers of storage devices. */
export const DRIVERS: readonly KernelFunction[] = [
  {
    names: [
      'nbd_send_cmd',
      'nbd_handle_cmd',
      'nvme_submit_user_cmd',
      'scsi_execute_cmd',
      'scsi_block_when_processing_errors',
    ],
    subsystem: 'storage driver',
    text: 'waits for the storage device or its server',
    wake: 'uninterruptible',
    cause: 'device',
    advice: DISK_ADVICE,
    rank: 'specific',
    seen: false,
  },
];
