import { expect, it } from 'vitest';
import { Binaries } from '../../../../src/source/binaries';
import { Code } from '../../../../src/source/origin/code';
import { frameworksOf, frameworkWords } from '../../../../src/source/origin/frameworks';
import { ProcessMemory } from '../../../../src/source/origin/processMemory';
import { fakeTarget } from '../../sample/fakeTarget';

/** What is said of a number where such a library is mapped. */
async function words(library: string, userData: string): Promise<string | undefined> {
  const maps = `7f0000000000-7f0000001000 r--p 00000000 08:01 9 ${library}\n`;
  const target = fakeTarget({ '/proc/7/maps': maps });
  const memory = new ProcessMemory(target, 7);
  await memory.open();
  const binaries = new Binaries(target, { unpack: async () => 'cannot' });
  return frameworkWords(userData, await frameworksOf(new Code(memory, binaries, { pid: 7, mounts: [] })));
}

it.each([
  [
    '/usr/lib/liburing.so.2.3',
    '0xffffffffffffffff',
    'liburing’s mark of the time limit of a wait, not an address',
  ],
  ['/usr/lib/liburing.so.2.3', '0x5', undefined],
  [
    '/usr/lib/libuv.so.1.0.0',
    '0x700000001',
    '0x700000001, libuv’s number of a change to what epoll watches, of descriptor 7, not an address',
  ],
  ['/usr/lib/libuv.so.1.0.0', '0x5', undefined],
  [
    '/tmp/libnetty_transport_native_io_uring42_x86_64.so',
    '0x1600000005',
    '0x1600000005, Netty’s number of a READ of registration 5, not an address',
  ],
  [
    '/tmp/libnetty_transport_native_io_uring_x86_64.so',
    '0x3000d00000007',
    '0x3000d00000007, Netty’s number of an ACCEPT of descriptor 7, with 3 of its own, not an address',
  ],
  // The byte above the operation is not used.
  ['/tmp/libnetty_transport_native_io_uring_x86_64.so', '0x10d00000007', undefined],
  ['/usr/lib/libc.so.6', '0x5', undefined],
])('with %s, user_data %s is %s', async (library, userData, expected) => {
  expect(await words(library, userData)).toBe(expected);
});
