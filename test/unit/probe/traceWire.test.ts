import { describe, expect, it } from 'vitest';
import {
  decodeTraceDrained,
  decodeTraceStarted,
  encodeTraceDrain,
  encodeTraceStart,
} from '../../../src/probe/traceWire';
import { WireError } from '../../../src/probe/wire';

const events = [
  { name: 'io_uring_submit_req', filtered: true, stacks: true },
  { name: 'io_uring_complete', filtered: false },
];

describe('the question to trace', () => {
  it('has limits, rings and events', () => {
    const body = encodeTraceStart({ kilobytes: 64, rings: [0xffff_8881_0000_0000n], events });
    expect(body.toString('hex', 0, 21)).toBe('014000000000000000000000000100000001000000');
    expect(body.readBigUInt64LE(21)).toBe(0xffff_8881_0000_0000n);
    expect(body.toString('latin1', 29)).toBe('\x03\x13io_uring_submit_req\x00\x11io_uring_complete');
    const stacks = { bytes: 4096, kilobytes: 512, every: 3 };
    expect(encodeTraceStart({ kilobytes: 1, rings: [], events: [], stacks }).toString('hex')).toBe(
      '010100000000100000000200000300000000000000',
    );
  });

  it('is about 64 rings at the most, and names of 63 characters', () => {
    const rings = Array.from({ length: 100 }, (_, number) => BigInt(number));
    const long = [{ name: 'x'.repeat(500), filtered: false }];
    expect(encodeTraceStart({ kilobytes: 1, rings, events: long })).toHaveLength(21 + 64 * 8 + 2 + 63);
  });

  it('may change how many stacks are taken', () => {
    expect(encodeTraceDrain(7).toString('hex')).toBe('0207000000');
    expect(encodeTraceDrain().toString('hex')).toBe('0200000000');
  });
});

describe('what is answered', () => {
  it('to a start is the instance, and what was refused', () => {
    const head = Buffer.from('01000d000200' + '0000' + '0200', 'hex');
    expect(decodeTraceStarted(Buffer.concat([head, Buffer.from('mine')]), { events })).toEqual({
      instance: 'mine',
      removed: 1,
      stacksRefused: 'EACCES',
      refused: new Map([['io_uring_complete', 'ENOENT']]),
    });
  });

  it('to a drain are chunks', () => {
    const page = Buffer.from('0100030002000000abcd', 'hex');
    const stacks = Buffer.from('020001000100000042', 'hex');
    const began = Buffer.alloc(8);
    began.writeBigUInt64LE(99n);
    expect(decodeTraceDrained(Buffer.concat([began, stacks, page]), true)).toEqual({
      began: 99n,
      pages: [{ cpu: 3, data: Buffer.from('abcd', 'hex') }],
      records: [],
      folded: [],
      stacks: [{ cpu: 1, data: Buffer.from('42', 'hex') }],
      more: true,
    });
  });

  it('that is cut short is none', () => {
    for (const length of [0, 3, 9, 17]) {
      const cut = Buffer.alloc(17, 1).subarray(0, length);
      expect(() => decodeTraceDrained(cut, false)).toThrow(WireError);
    }
    expect(() => decodeTraceStarted(Buffer.from('000000000900', 'hex'), { events })).toThrow(WireError);
    expect(() => decodeTraceStarted(Buffer.alloc(2), { events })).toThrow();
  });
});
