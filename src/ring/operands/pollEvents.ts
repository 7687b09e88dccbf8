import { type BitNames, bitsText } from './words';

/** EPOLL bits beside those of poll(2), which have the same numbers. */
export const POLL_EVENTS: BitNames = [
  ['POLLIN', 1],
  ['POLLPRI', 2],
  ['POLLOUT', 4],
  ['POLLERR', 8],
  ['POLLHUP', 0x10],
  ['POLLRDNORM', 0x40],
  ['POLLRDBAND', 0x80],
  ['POLLWRNORM', 0x100],
  ['POLLWRBAND', 0x200],
  ['POLLMSG', 0x400],
  ['POLLRDHUP', 0x2000],
  ['EPOLLEXCLUSIVE', 0x10000000],
  ['EPOLLWAKEUP', 0x20000000],
  ['EPOLLONESHOT', 0x40000000],
  ['EPOLLET', 0x80000000],
];
/** POLLIN to POLLMSG, without ERR, HUP and NVAL. */
const ASKED = 0x7c7;

/** The events of a poll as the kernel keeps them: those that it adds by itself are left out. */
export function askedEvents(kept: number): string {
  return bitsText(kept & ASKED, POLL_EVENTS);
}
