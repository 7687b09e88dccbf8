import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errnoName } from '../../../src/probe/errno';
import { type Frame, PROTOCOL, type Verb, verbs } from '../../../src/probe/protocol';
import {
  decodeListing,
  encodeMemory,
  encodeRequest,
  FrameDecoder,
  REQUEST_MAX,
  WireError,
} from '../../../src/probe/wire';
import {
  type Answer,
  answersFrame,
  doneFrame,
  fatalFrame,
  frameOf,
  helloFrame,
  listingOf,
  resultOf,
} from './frames';

const answer = fc.record({
  errno: fc.nat({ max: 0xffff }),
  truncated: fc.boolean(),
  data: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
});
const later = fc.oneof(
  fc.tuple(fc.nat({ max: 0xffffffff }), fc.array(answer, { maxLength: 8 })).map(([id, answers]) => ({
    bytes: answersFrame(id, answers),
    frame: { kind: 'answers', id, answers: answers.map(resultOf) } as Frame,
  })),
  fc.tuple(fc.nat({ max: 0xffffffff }), fc.nat({ max: 0xffffffff })).map(([id, count]) => ({
    bytes: doneFrame(id, count),
    frame: { kind: 'done', id, count } as Frame,
  })),
);

/** Cuts into pieces at the given places. */
function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, i) => bytes.subarray(places[i], end));
}

describe('FrameDecoder', () => {
  it('gives the same frames whatever pieces they come in', () => {
    const property = fc.property(
      fc.array(later, { maxLength: 6 }),
      fc.array(fc.nat(), { maxLength: 40 }),
      (frames, cuts) => {
        const bytes = Buffer.concat([helloFrame(), ...frames.map((frame) => frame.bytes)]);
        const decoder = new FrameDecoder();
        const [hello, ...rest] = pieces(bytes, cuts).flatMap((piece) => decoder.push(piece));
        expect(hello?.kind).toBe('hello');
        expect(rest).toEqual(frames.map((frame) => frame.frame));
      },
    );
    fc.assert(property, { numRuns: 300 });
  });

  it('gives the same frames byte by byte', () => {
    const answers: Answer[] = [{ errno: 0, truncated: true, data: Buffer.from('x\n') }];
    const bytes = Buffer.concat([helloFrame(), answersFrame(1, answers), doneFrame(1, 1)]);
    const decoder = new FrameDecoder();
    const frames = [...bytes].flatMap((byte) => decoder.push(Buffer.from([byte])));
    expect(frames.slice(1)).toEqual([
      { kind: 'answers', id: 1, answers: answers.map(resultOf) },
      { kind: 'done', id: 1, count: 1 },
    ]);
  });

  it('reads what the probe has taken of a processor, where it says so', () => {
    const taken = Buffer.alloc(8);
    taken.writeBigUInt64LE(1_500_000n);
    const bytes = Buffer.concat([doneFrame(1, 1), taken]);
    bytes.writeUInt32LE(bytes.length - 4, 0);
    const decoder = new FrameDecoder();
    decoder.push(helloFrame());
    expect(decoder.push(bytes)).toEqual([{ kind: 'done', id: 1, count: 1, processor: 1.5 }]);
  });

  it('throws nothing but a WireError for garbage, and stays closed after it', () => {
    const property = fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 8 }), (chunks) => {
      const decoder = new FrameDecoder();
      let broken = false;
      for (const chunk of chunks) {
        try {
          decoder.push(Buffer.from(chunk));
          expect(broken).toBe(false);
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
          broken = true;
        }
      }
    });
    fc.assert(property, { numRuns: 500 });
  });

  it('throws nothing but a WireError for frames with changed bytes', () => {
    const whole = Buffer.concat([
      helloFrame(),
      answersFrame(1, [{ errno: 2, truncated: false, data: Buffer.from('abc') }]),
      doneFrame(1, 1),
    ]);
    const property = fc.property(fc.nat({ max: whole.length - 1 }), fc.nat({ max: 255 }), (at, byte) => {
      const bytes = Buffer.from(whole);
      bytes[at] = byte;
      try {
        new FrameDecoder().push(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(WireError);
      }
    });
    fc.assert(property, { numRuns: 1000 });
  });

  it('takes what is in a file for content, not for frames', () => {
    const forged = Buffer.concat([doneFrame(1, 1), fatalFrame('forged'), helloFrame()]);
    const frames = new FrameDecoder().push(
      Buffer.concat([helloFrame(), answersFrame(1, [{ errno: 0, truncated: false, data: forged }])]),
    );
    expect(frames.length).toBe(2);
    expect(frames[1]).toMatchObject({ kind: 'answers', answers: [{ data: forged }] });
  });

  it('says so when what answers is not the probe, without its escape sequences', () => {
    const push = () => new FrameDecoder().push(Buffer.from('bash: \x1b[31mprobe\x1b[0m: No such file\n'));
    expect(push).toThrow(/^What answered is not the probe: "bash: \[31mprobe \[0m: No such file"\.$/);
  });

  it('refuses a frame before the greeting', () => {
    expect(() => new FrameDecoder().push(doneFrame(1, 0))).toThrow(WireError);
    expect(new FrameDecoder().push(fatalFrame('No /proc.'))).toEqual([{ kind: 'fatal', text: 'No /proc.' }]);
  });

  it('refuses a frame longer than any the probe sends, without waiting for it', () => {
    const decoder = new FrameDecoder();
    decoder.push(helloFrame());
    const head = Buffer.alloc(4);
    head.writeUInt32LE(0x7fffffff);
    expect(() => decoder.push(head)).toThrow(/no frame/);
  });

  it('refuses an answer that claims more than its frame holds', () => {
    const frame = answersFrame(1, [{ errno: 0, truncated: false, data: Buffer.from('abc') }]);
    frame.writeUInt32LE(4, 12);
    const decoder = new FrameDecoder();
    decoder.push(helloFrame());
    expect(() => decoder.push(frame)).toThrow(/longer than its frame/);
  });

  it('tells a greeting of another protocol by its number alone', () => {
    const other = Buffer.concat([Buffer.from('IURP'), Buffer.from([PROTOCOL + 1, 0, 0, 0])]);
    expect(new FrameDecoder().push(frameOf(1, 0, other))).toMatchObject([
      { kind: 'hello', protocol: PROTOCOL + 1 },
    ]);
  });

  it('reads a greeting', () => {
    expect(new FrameDecoder().push(helloFrame())).toEqual([
      {
        kind: 'hello',
        protocol: PROTOCOL,
        foreignPids: false,
        pid: 4242,
        uid: 1000,
        capabilities: 0x1ffffffffffn,
        uptime: 123_456_789_012n,
        pageSize: 4096,
        clockTicks: 100,
        processors: 8,
        version: '0.1.0',
        machine: 'x86_64',
        release: '6.18.44',
        host: 'db1',
      },
    ]);
  });

  it('survives a greeting that is cut short', () => {
    const whole = helloFrame();
    for (let length = 16; length < whole.length - 4; length++) {
      const [hello] = new FrameDecoder().push(frameOf(1, 0, whole.subarray(12, 4 + length)));
      expect(hello?.kind).toBe('hello');
    }
  });
});

/** What the probe reads out of a request. */
function decodeRequest(frame: Buffer) {
  const items = [];
  let at = 16;
  while (at < frame.length) {
    const length = frame.readUInt16LE(at + 8);
    const body = frame.subarray(at + 10, at + 10 + length);
    items.push({ limit: frame.readUInt32LE(at), deadline: frame.readUInt32LE(at + 4), body });
    at += 10 + length;
  }
  const verb = Object.entries(verbs).find(([, number]) => number === frame.readUInt8(4))?.[0];
  return { id: frame.readUInt32LE(8), verb, flags: frame.readUInt8(5), count: frame.readUInt32LE(12), items };
}

describe('encodeRequest', () => {
  const verb = fc.constantFrom(...(Object.keys(verbs) as Verb[]));

  it('writes what was asked', () => {
    const property = fc.property(
      fc.nat({ max: 0xffffffff }),
      verb,
      fc.boolean(),
      fc.nat({ max: 0xffffffff }),
      fc.array(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.uint8Array().map((bytes) => Buffer.from(bytes)),
        ),
      ),
      (id, asked, links, limit, bodies) => {
        const { frame, count } = encodeRequest(id, { verb: asked, links, limit, deadline: 250 }, bodies);
        expect(frame.readUInt32LE(0)).toBe(frame.length - 4);
        expect(count).toBe(bodies.length);
        expect(decodeRequest(frame)).toEqual({
          id,
          verb: asked,
          flags: links ? 1 : 0,
          count,
          items: bodies.map((body) => ({ limit, deadline: 250, body: Buffer.from(body) })),
        });
      },
    );
    fc.assert(property);
  });

  it('splits what is too long for one request, losing and doubling nothing', () => {
    const bodies = Array.from({ length: 5000 }, (_, i) => `/proc/${i}/${'x'.repeat(i % 1000)}`);
    const got: string[] = [];
    let requests = 0;
    for (let from = 0; from < bodies.length; requests++) {
      const { frame, count } = encodeRequest(1, { verb: 'read', limit: 1, deadline: 1 }, bodies, from);
      expect(frame.length).toBeLessThanOrEqual(4 + REQUEST_MAX);
      expect(count).toBeGreaterThan(0);
      got.push(...decodeRequest(frame).items.map((item) => item.body.toString()));
      from += count;
    }
    expect(requests).toBeGreaterThan(1);
    expect(got).toEqual(bodies);
  });

  it('takes as many as it is told', () => {
    const { frame, count } = encodeRequest(1, { verb: 'read', limit: 1, deadline: 1 }, ['a', 'b', 'c'], 1, 1);
    expect(count).toBe(1);
    expect(decodeRequest(frame).items.map((item) => item.body.toString())).toEqual(['b']);
  });

  it('cuts a path of a megabyte instead of failing', () => {
    const { frame, count } = encodeRequest(1, { verb: 'read', limit: 1, deadline: 1 }, [
      `/proc/${'x'.repeat(1 << 20)}`,
      '/proc/version',
    ]);
    expect(count).toBe(2);
    expect(decodeRequest(frame).items.map((item) => item.body.length)).toEqual([5000, 13]);
  });
});

describe('encodeMemory', () => {
  it('writes the range, and the ring where one is given', () => {
    const plain = encodeMemory(42, { address: 0xffff_ffff_ff60_0000n, length: 4096 });
    expect(plain.length).toBe(16);
    expect(plain.readUInt32LE(0)).toBe(42);
    expect(plain.readBigUInt64LE(4)).toBe(0xffff_ffff_ff60_0000n);
    expect(plain.readUInt32LE(12)).toBe(4096);
    const ring = encodeMemory(42, { address: 1n, length: 64, ring: { fd: 5, offset: 0x10000000n } });
    expect(ring.length).toBe(28);
    expect(ring.readInt32LE(16)).toBe(5);
    expect(ring.readBigUInt64LE(20)).toBe(0x10000000n);
  });

  it('takes any number for a range without throwing', () => {
    const property = fc.property(fc.integer(), fc.bigInt(), fc.double(), (pid, address, length) => {
      expect(encodeMemory(pid, { address, length }).length).toBe(16);
    });
    fc.assert(property);
  });
});

describe('decodeListing', () => {
  const entry = fc.record(
    { name: fc.string({ unit: 'grapheme', maxLength: 50 }), link: fc.string({ unit: 'grapheme' }) },
    { requiredKeys: ['name'] },
  );

  it('gives back the entries, whatever their names hold', () => {
    fc.assert(
      fc.property(fc.array(entry), (entries) => {
        expect(decodeListing(listingOf(entries))).toEqual(entries);
      }),
    );
  });

  it('takes a name that looks like an entry for a name', () => {
    const forged = listingOf([{ name: 'x', link: 'socket:[1]' }]).toString('latin1');
    const entries = [{ name: `7\n${forged}`, link: '/tmp/a\n8 -> /etc' }];
    expect(decodeListing(listingOf(entries))).toEqual(entries);
  });

  it('throws nothing but a WireError for garbage', () => {
    const property = fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      try {
        decodeListing(Buffer.from(bytes));
      } catch (error) {
        expect(error).toBeInstanceOf(WireError);
      }
    });
    fc.assert(property, { numRuns: 500 });
  });
});

describe('errnoName', () => {
  it("has Linux's names, whatever system this runs on", () => {
    expect([1, 2, 3, 5, 13, 16, 38, 110].map(errnoName)).toEqual([
      'EPERM',
      'ENOENT',
      'ESRCH',
      'EIO',
      'EACCES',
      'EBUSY',
      'ENOSYS',
      'ETIMEDOUT',
    ]);
    expect(errnoName(4242)).toBe('E4242');
  });
});
