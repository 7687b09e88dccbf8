import { describe, expect, it } from 'vitest';
import { parseInetTable } from '../../../src/procfs/inet';
import { endpointBytes } from '../../../src/procfs/inetAddress';
import { parseUnixTable } from '../../../src/procfs/unix';
import { corpusText } from './corpus';

describe('parseInetTable', () => {
  const row = (local: string, peer: string, state: string): string =>
    `   0: ${local} ${peer} ${state} 00000000:00000000 00:00000000 00000002  1000        0 77 1 0000000000000000 20 4 30 10 -1\n`;

  it('reads the NFS connection of a hung mount', () => {
    expect(parseInetTable(corpusText('6.1/nfs.tcp'), 'tcp').rows[1]).toEqual({
      inode: 16613,
      local: '10.9.9.2:913',
      peer: '10.9.9.1:2049',
      state: 'ESTABLISHED',
      sendQueue: 0x3e0,
      receiveQueue: 0,
      timer: { kind: 'probe', seconds: 2.06 },
      retransmits: 0,
      uid: 0,
    });
  });

  it.each([
    ['00000000000000000000000001000000:0050', '[::1]:80'],
    ['00000000000000000000000000000000:0016', '[::]:22'],
    ['0000000000000000FFFF00000100007F:1F90', '127.0.0.1:8080'],
    ['B80D0120000000000000000001000000:01BB', '[2001:db8::1]:443'],
    ['000080FE00000000FF005450B6AD1DFE:0001', '[fe80::5054:ff:fe1d:adb6]:1'],
    ['0100010001000100010001000100010A:0001', '[1:1:1:1:1:1:a01:1]:1'],
  ])('address %s', (printed, expected) => {
    expect(parseInetTable(row(printed, printed, '01'), 'tcp6').rows[0]).toMatchObject({
      local: expected,
      peer: expected,
    });
  });

  it.each([
    ['02', 'tcp', 'SYN_SENT'],
    ['06', 'tcp', 'TIME_WAIT'],
    ['0A', 'tcp', 'LISTEN'],
    ['0C', 'tcp', 'NEW_SYN_RECV'],
    ['3F', 'tcp', 'STATE_63'],
    ['01', 'udp', 'ESTABLISHED'],
    ['07', 'udp', 'UNCONNECTED'],
  ] as const)('state %s of %s is %s', (printed, table, state) => {
    const read = parseInetTable(row('0100007F:0050', '00000000:0000', printed), table);
    expect(read.rows[0]).toMatchObject({ state, uid: 1000, inode: 77, retransmits: 2 });
  });

  it('passes over the heading and counts what is no row', () => {
    expect(parseInetTable('  sl  local_address\n 1: x\n', 'tcp')).toEqual({ rows: [], unreadable: 1 });
    expect(parseInetTable('', 'tcp')).toEqual({ rows: [], unreadable: 0 });
  });
});

describe('parseUnixTable', () => {
  const row = (flags: string, type: string, state: string, inode: number, path = ''): string =>
    `0000000064f75032: 00000003 00000000 ${flags} ${type} ${state} ${String(inode).padStart(5)}${path}\n`;

  it('reads the server of a block device, listening and connected', () => {
    expect(parseUnixTable(corpusText('6.1/nbd.unix')).rows.slice(1, 4)).toEqual([
      { inode: 13621, type: 'stream', state: 'LISTENING', path: '/srv/nbd.sock' },
      { inode: 13224, type: 'stream', state: 'CONNECTED', path: '/srv/nbd.sock' },
      { inode: 13624, type: 'stream', state: 'CONNECTED' },
    ]);
  });

  it.each([
    ['0002', '01', { type: 'datagram', state: 'UNCONNECTED' }],
    ['0005', '03', { type: 'seqpacket', state: 'CONNECTED' }],
    ['0001', '02', { type: 'stream', state: 'CONNECTING' }],
    ['0009', '09', { type: 'unknown', state: 'UNKNOWN' }],
  ])('type %s, state %s', (type, state, expected) => {
    expect(parseUnixTable(row('00000000', type, state, 7)).rows[0]).toMatchObject(expected);
  });

  it('keeps blanks in a path, and the @ of an abstract name', () => {
    expect(parseUnixTable(row('00000000', '0001', '01', 7, ' @a b ')).rows[0]?.path).toBe('@a b ');
  });

  it('believes neither row when a path forges one for a socket that exists', () => {
    const forged = row('00010000', '0001', '01', 8, ' /run/forged').trimEnd();
    const text = row('00000000', '0001', '01', 7, ` /x\n${forged}`) + row('00000000', '0001', '03', 8);
    expect(parseUnixTable(text)).toEqual({
      rows: [{ inode: 7, type: 'stream', state: 'UNCONNECTED', path: '/x' }],
      unreadable: 2,
    });
  });

  it('keeps all connections that nobody accepted: they have no inode', () => {
    expect(
      parseUnixTable(row('00000000', '0001', '02', 0) + row('00000000', '0001', '02', 0)).rows,
    ).toHaveLength(2);
  });
});

describe('endpointBytes', () => {
  it.each([
    ['127.0.0.1:80', '7f000001', 80],
    ['0.0.0.0:65535', '00000000', 65_535],
    ['[::1]:443', '00000000000000000000000000000001', 443],
    ['[::]:22', '00000000000000000000000000000000', 22],
    ['[2001:db8::1]:1', '20010db8000000000000000000000001', 1],
    ['[1:2:3:4:5:6:7:8]:1', '00010002000300040005000600070008', 1],
  ])('reads %s', (text, address, port) => {
    const found = endpointBytes(text);
    expect(found?.address.toString('hex')).toBe(address);
    expect(found?.port).toBe(port);
  });

  it.each([
    '',
    '127.0.0.1',
    '1.2.3:80',
    '256.0.0.1:80',
    '1.2.3.4:65536',
    '[1::2::3]:1',
    '[1:2]:1',
    '[::fffff]:1',
    '/run/x',
  ])('takes nothing from “%s”', (text) => {
    expect(endpointBytes(text)).toBeUndefined();
  });
});
