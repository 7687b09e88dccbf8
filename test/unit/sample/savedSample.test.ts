import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/model/errors';
import { parseSample, serialize } from '../../../src/sample/savedSample';
import { sampleOf } from '../samples';

const SAMPLE = sampleOf({
  tasks: [{ tid: 7, name: 'a\nb', kind: 'worker', state: 'D', blocked: 3 }],
  rings: [{ id: 1, fd: 3, owner: 7, setup: [], readable: true, inFlight: 1, explained: 0 }],
});

function refusal(text: string): UserError {
  try {
    parseSample(text);
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('a saved Sample', () => {
  it('is opened as it was saved', () => {
    expect(parseSample(serialize(SAMPLE))).toEqual(SAMPLE);
  });

  it.each([
    ['an empty file', '', 'not-a-sample'],
    ['a text that is no JSON', '{"schema":1', 'not-a-sample'],
    ['a JSON list', '[]', 'not-a-sample'],
    ['another JSON object', '{"name":"x"}', 'not-a-sample'],
    ['a list of the wrong kind', serialize(SAMPLE).replace('"tasks": [', '"tasks": [4,'), 'not-a-sample'],
    ['a task without a number', serialize(SAMPLE).replace('"tid": 7', '"tid": "7"'), 'not-a-sample'],
    ['a newer schema', serialize(SAMPLE).replace('"schema": 1', '"schema": 2'), 'newer-sample'],
  ])('%s is refused with what to do', (_, text, code) => {
    const error = refusal(text);
    expect(error.code).toBe(code);
    expect(error.why.length).toBeGreaterThan(10);
    expect(error.remedy?.length).toBeGreaterThan(10);
  });

  it('holds what was traced, or is refused where that is damaged', () => {
    const request = { operation: 'READ', userData: '0x1', submitter: 7, submittedAt: 1, took: 2 };
    const traced = {
      ...SAMPLE,
      trace: {
        seconds: 1,
        submitted: 1,
        completed: 0,
        pending: 1,
        unseenSubmits: 0,
        unseenCompletions: 0,
        lost: { stacks: 0 },
        overflowed: 0,
        operations: [],
        slowest: [],
        oldest: [request],
        notTraced: [],
      },
    };
    const text = serialize(traced);
    expect(parseSample(text)).toEqual(traced);
    for (const [sound, damaged] of [
      ['"took": 2', '"took": "2"'],
      ['"submitter": 7,', ''],
      ['"slowest": []', '"slowest": {}'],
      ['"lost": {', '"lust": {'],
    ] as const) {
      expect(text).toContain(sound);
      expect(refusal(text.replace(sound, damaged)).why).toContain('"trace.');
    }
  });

  it('keeps what a later version of schema 1 adds', () => {
    const text = serialize(SAMPLE).replace('"schema": 1,', '"schema": 1, "extra": {"x": 1},');
    expect(parseSample(text)).toHaveProperty('extra.x', 1);
  });

  it('refuses or reads whatever it is given, and throws nothing else', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        refusal(text);
      }),
    );
  });
});
