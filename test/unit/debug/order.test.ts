import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { listed, stuck } from '../views/samples';
import { sessionOf } from './scripted';

/** Requests as no sensible client sends them: of any kind, at any time, with any arguments. */
const odd = fc.constantFrom<unknown>(
  undefined,
  null,
  0,
  -1,
  1,
  4242,
  4243,
  8_388_608,
  'x',
  '0x1000',
  [],
  {},
  true,
);
const args = fc.oneof(
  odd,
  fc.record(
    {
      pid: odd,
      name: odd,
      sample: odd,
      program: odd,
      console: odd,
      threadId: odd,
      frameId: odd,
      variablesReference: odd,
      filter: fc.constantFrom('indexed', 'named', 7),
      start: odd,
      count: odd,
      startFrame: odd,
      levels: odd,
      expression: fc.constantFrom('pending', 'ring 1', 'request 0x0', 'help', '', 'x', 5),
      text: odd,
      column: odd,
      memoryReference: odd,
      offset: odd,
      requestId: odd,
      progressId: odd,
      filters: fc.constantFrom<unknown>(['new-finding'], ['cq-overflow', 'x'], [], 5),
      filterOptions: odd,
      breakpoints: odd,
      terminateDebuggee: odd,
    },
    { requiredKeys: [] },
  ),
);

const COMMANDS = [
  ...['initialize', 'attach', 'launch', 'configurationDone', 'setBreakpoints', 'setFunctionBreakpoints'],
  ...['setExceptionBreakpoints', 'threads', 'stackTrace', 'scopes', 'variables', 'evaluate', 'completions'],
  ...['readMemory', 'exceptionInfo', 'pause', 'continue', 'next', 'stepIn', 'stepOut', 'stepBack', 'goto'],
  ...[
    'setVariable',
    'source',
    'modules',
    'loadedSources',
    'disassemble',
    'cancel',
    'terminate',
    'disconnect',
  ],
  ...['ioUring/kernelFrame', 'restart', 'constructor', '__proto__', ''],
];

const SENSIBLE = [
  ['attach', { pid: 4242 }],
  ['configurationDone', {}],
  ['stackTrace', { threadId: 4242 }],
  ['evaluate', { expression: 'pending' }],
  ['continue', {}],
] as const;

const step = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(fc.constantFrom(...COMMANDS), args) },
  { weight: 4, arbitrary: fc.constantFrom(...SENSIBLE) },
  { weight: 2, arbitrary: fc.constantFrom(['look', undefined] as const, ['end', undefined] as const) },
);

/** An order that reaches all there is to reach; three requests are under way at a time. */
const USUAL: [string, unknown][] = [
  ['attach', { pid: 4242 }],
  ['configurationDone', {}],
  ['threads', {}],
  ['stackTrace', { threadId: 4242 }],
  ['evaluate', { expression: 'pending' }],
  ['continue', {}],
  ['attach', {}],
];

describe('every request', () => {
  it('gets one answer, in whatever order they come', async () => {
    const seen = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { client, services } = sessionOf(stuck(), false);
        services.saved = listed();
        let looks = 0;
        const answers = [];
        for (const [command, given] of steps) {
          const inspection = services.inspections.at(-1);
          if (command === 'look')
            inspection?.look(stuck({ takenAt: new Date(1e12 + ++looks).toISOString(), findings: [] }));
          else if (command === 'end') inspection?.end();
          else answers.push(client.request(command, given));
          if (answers.length % 3 === 0) await Promise.all(answers);
        }
        answers.push(client.request('disconnect'));
        for (const { command, success, body, message } of await Promise.all(answers)) {
          seen.set(`${command} ${success}`, (seen.get(`${command} ${success}`) ?? 0) + 1);
          if (success) continue;
          expect(message).toMatch(/^cancelled$|^[“"A-Z].*[.…]$/s);
          expect(body.error.id).toBeGreaterThan(1000);
        }
        const responses = client.sent.filter(({ type }) => type === 'response');
        expect(responses).toHaveLength(answers.length);
        expect(services.disposed).toBe(1);
        for (const { calls, heard } of services.inspections)
          expect([calls.filter((call) => call === 'dispose').length, heard]).toEqual([1, 0]);
        expect(client.named('terminated').length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 150, examples: [[USUAL]] },
    );
    // The orders have reached what there is to reach.
    for (const reached of [
      'attach true',
      'attach false',
      'stackTrace true',
      'evaluate true',
      'continue true',
    ])
      expect(seen.get(reached) ?? 0, reached).toBeGreaterThan(0);
  });
});
