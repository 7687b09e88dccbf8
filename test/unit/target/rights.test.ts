import { describe, expect, it } from 'vitest';
import { missingRights, rootWouldShow } from '../../../src/target/rights';

const ALL = (1n << 41n) - 1n;
const bit = (number: bigint) => 1n << number;

describe('missingRights', () => {
  it('is nothing for root', () => {
    expect(missingRights({ uid: 0, capabilities: ALL })).toBeUndefined();
  });

  it('says what an ordinary user would see as root', () => {
    expect(missingRights({ uid: 1000, capabilities: 0n })).toEqual({
      sentence:
        'Kernel stacks, the kernel’s own lists of requests and rings and files of other users’ processes need root: use sudo.',
      what: expect.arrayContaining(['kernel stacks']),
      sudoHelps: true,
    });
  });

  it('counts capabilities, not users', () => {
    const capabilities = bit(39n) | bit(38n) | bit(19n);
    const missing = missingRights({ uid: 1000, capabilities });
    expect(missing?.what).toEqual(['kernel stacks']);
    expect(missing?.sentence).toBe('Kernel stacks need root: use sudo.');
    expect(missingRights({ uid: 1000, capabilities: bit(39n) | bit(19n) })?.what.length).toBe(2);
  });

  it('sends the root of a container to its host', () => {
    const missing = missingRights({ uid: 0, capabilities: ALL & ~bit(21n) & ~bit(39n) });
    expect(missing?.sudoHelps).toBe(false);
    expect(missing?.sentence).toBe(
      'Kernel stacks and the kernel’s own lists of requests need CAP_SYS_ADMIN, which root has not got here: inspect from the host of the container.',
    );
  });
});

describe('rootWouldShow', () => {
  const row = (remedy?: string) => ({ what: 'x', why: 'y', ...(remedy === undefined ? {} : { remedy }) });
  const user = { uid: 1000, capabilities: 0n };

  it('goes by the remedy', () => {
    expect(rootWouldShow(row('run with sudo: sudo inspect-io-uring 4'), user)).toBe(true);
    expect(rootWouldShow(row('Run as root or, where …, as the user of the process.'), user)).toBe(true);
    expect(rootWouldShow(row('look again'), user)).toBe(false);
    expect(rootWouldShow(row(), user)).toBe(false);
  });

  it('promises root nothing', () => {
    expect(rootWouldShow(row('run with sudo'), { uid: 0, capabilities: 0n })).toBe(false);
  });
});
