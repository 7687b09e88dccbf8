import { describe, expect, it } from 'vitest';
import { explain } from '../../../src/explain/explain';
import { seenSentence } from '../../../src/explain/requestAge';
import type { Request } from '../../../src/model/sample';
import { requestOf, ringOf, sampleOf } from '../samples';

const receives = (more: Partial<Request>) =>
  requestOf({ operation: 'RECV', state: 'polling', fd: 7, ...more });

describe('since when a request is pending, where the kernel does not keep it', () => {
  it('is told by the looks that have seen it', () => {
    expect(seenSentence([receives({ seen: 12 })])).toBe(
      'It has been seen pending for 12 s; since when it is, the kernel does not keep.',
    );
    expect(seenSentence([receives({ seen: 3 }), receives({ seen: 75 })])).toMatch(
      /^The oldest has been seen pending for 75 s;/,
    );
  });

  it('is not told of a first look, nor where the age is known', () => {
    expect(seenSentence([receives({})])).toBe('');
    expect(seenSentence([receives({ seen: 0.4 })])).toBe('');
    expect(seenSentence([receives({ seen: 30, age: 31 })])).toBe('');
  });

  it('stands with the finding of who waits for a peer', () => {
    const sample = sampleOf({
      rings: [ringOf({ inFlight: 1, explained: 1 })],
      requests: [receives({ ring: 1, seen: 12 })],
    });
    const { findings } = explain(sample, { last: true }).sample;
    expect(findings.map(({ tag }) => tag)).toEqual(['waits-for-peer']);
    expect(findings[0]?.explanation).toContain('It has been seen pending for 12 s;');
  });
});
