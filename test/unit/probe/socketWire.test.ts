import { describe, expect, it } from 'vitest';
import {
  decodeTcpSocket,
  decodeUnixSocket,
  encodeInetQuestion,
  encodeUnixQuestion,
} from '../../../src/probe/socketWire';

// Recorded on 6.18: a served abstract socket with 5 bytes unread, its listener, which lets 511 wait, and a TCP connection to one who
// does not read.
const NAME = `70000000${Buffer.from('\0inspect/sample').toString('hex')}${'00'.repeat(93)}`;
const SERVED = `01010100371028000710000000000000 ${NAME} 08000200361028000c00040005000000000000000500060000000000`;
const LISTENER = `01010a00351028000810000000000000 ${NAME} 040003000c00040000000000ff0100000500060000000000`;
const SENDER_HEAD =
  '02010401ea2892d57f0000010000000000000000000000007f0000010000000000000000000000000000000009100000' +
  '00000000000000000000000086da3900000000003c102800';
const SENDER_INFO =
  '1c010200010000010207aa00802c03000000000000ba0000180200000000000000000000000000000000000000000000' +
  'e405000000000000f0050000f0040000ffff0000d7ff00002b14000024280000ffffff7f0f000000cbff000003000000' +
  '00000000d7ff0000010000004b1acf1309000000ffffffffffffffffe6f3010000000000000000000000000009000000' +
  '0400000086da3900180000000000000005000000f4394700000000008031170000000000803117000000000000000000' +
  '000000000600000000000000002e0200000000001b3a00000000000001000000000000000000000000000000000001';
const SENDER = `${SENDER_HEAD} 050008000000000008000f00000000000c00150001000000000000000600160052000000 ${SENDER_INFO}${'00'.repeat(45)}`;

const bytes = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex');

describe('a question about a socket', () => {
  it('names a unix socket by its inode', () => {
    expect(encodeUnixQuestion(0x01020304).toString('hex')).toBe('0104030201');
  });

  it('names a TCP socket by both ends, a listener by its own', () => {
    const local = { address: Buffer.from([127, 0, 0, 1]), port: 80 };
    const peer = { address: Buffer.from([10, 0, 0, 2]), port: 4711 };
    const zeros = '00'.repeat(12);
    expect(encodeInetQuestion({ local, peer }).toString('hex')).toBe(
      `0250006712${'7f000001'}${zeros}${'0a000002'}${zeros}`,
    );
    expect(encodeInetQuestion({ local }).toString('hex')).toBe(
      `0250000000${'7f000001'}${zeros}${'00'.repeat(16)}`,
    );
    const six = { address: Buffer.alloc(16, 0xfe), port: 1 };
    expect(encodeInetQuestion({ local: six }).readUInt8(0)).toBe(10);
  });
});

describe('what the kernel says of a socket', () => {
  it('is the peer, the name and the queues of a unix socket', () => {
    expect(decodeUnixSocket(bytes(SERVED))).toEqual({
      inode: 2625591,
      listens: false,
      peer: 2625590,
      name: '@inspect/sample',
      receiveQueue: 5,
      sendQueue: 0,
      pending: [],
    });
  });

  it('is how many connections wait for a listener, and how many may', () => {
    expect(decodeUnixSocket(bytes(LISTENER))).toEqual({
      inode: 2625589,
      listens: true,
      name: '@inspect/sample',
      receiveQueue: 0,
      sendQueue: 511,
      pending: [],
    });
    const waiting = bytes(LISTENER.replace('04000300', '0c000300 01020000 02020000'));
    expect(decodeUnixSocket(waiting)?.pending).toEqual([0x201, 0x202]);
  });

  it('is the queues and the times of a TCP socket', () => {
    const { info, ...socket } = decodeTcpSocket(bytes(SENDER)) ?? {};
    expect(socket).toEqual({ listens: false, inode: 2625596, receiveQueue: 0, sendQueue: 3791494 });
    expect(info).toEqual({
      retransmits: 0,
      probes: 1,
      sinceSent: 1.508,
      sinceReceived: 1.52,
      sinceAcknowledged: 1.264,
    });
  });

  it('is undefined for what is another message, and never throws at one cut short', () => {
    expect(decodeUnixSocket(bytes(SENDER))).toBeUndefined();
    expect(decodeTcpSocket(bytes(SERVED))).toBeUndefined();
    for (const [whole, decode] of [
      [bytes(SERVED), decodeUnixSocket],
      [bytes(SENDER), decodeTcpSocket],
    ] as const) {
      for (let length = 0; length < whole.length; length++)
        expect(() => decode(whole.subarray(0, length))).not.toThrow();
    }
  });

  it('ends where an attribute claims to be longer than the message, or shorter than its head', () => {
    const head = SERVED.slice(0, 32);
    for (const lie of ['ffff0200 36102800', '03000200 36102800', '00000200 36102800'])
      expect(decodeUnixSocket(bytes(`${head}${lie}`))).toEqual({
        inode: 2625591,
        listens: false,
        pending: [],
      });
  });
});
