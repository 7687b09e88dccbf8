import type { Cause } from './entry';

/** What must happen before a wait ends by itself, after "until". Causes without a line end by their own program. */
export const UNTIL: Readonly<Partial<Record<Cause, string>>> = {
  fuse: 'the FUSE server answers or the mount is aborted',
  'network file system': 'the server answers or the mount is given up (umount -f)',
  page: 'the page is read in',
  device: 'the disk answers',
  writeback: 'the disk has written the data',
  frozen: 'the file system is thawed',
  throttled: 'the limit allows it',
  'user fault': 'the userfaultfd’s owner supplies the page',
  fanotify: 'the fanotify listener answers',
  helper: 'the program that the kernel asked has done its part',
  memory: 'memory is free',
  'ring lock': 'the task that holds the ring’s lock goes on',
  lock: 'the lock is free',
  peer: 'the other end acts',
  stopped: 'it is continued',
};

/**
 * Killable waits that a signal leaves alone as soon as the other side has the request: FUSE waits for the answer to what its
 * server has read, also of a killed task (measured on 6.18).
 */
export const TAKEN_BY_SERVER: ReadonlySet<string> = new Set(['request_wait_answer', '__fuse_request_send']);
