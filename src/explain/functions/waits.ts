import { DISK_ADVICE, NFS_ADVICE, NORMAL, PEER_ADVICE } from './advice';
import type { KernelFunction } from './entry';

type Wait = Pick<KernelFunction, 'wake' | 'cause' | 'advice'>;

/** What ends them, what they are for and what to do: the same for many entries. */
export const FOR_PEER: Wait = { wake: 'interruptible', cause: 'peer', advice: PEER_ADVICE };
export const FOR_EVENT: Wait = { wake: 'interruptible', cause: 'event', advice: NORMAL };
export const FOR_WORK: Wait = { wake: 'interruptible', cause: 'idle', advice: NORMAL };
export const FOR_DEVICE: Wait = { wake: 'uninterruptible', cause: 'device', advice: DISK_ADVICE };
export const FOR_WRITEBACK: Wait = { wake: 'uninterruptible', cause: 'writeback', advice: DISK_ADVICE };
export const FOR_NFS: Wait = { wake: 'killable', cause: 'network file system', advice: NFS_ADVICE };
