import { describe, expect, it } from 'vitest';
import { originSentence, originSteps } from '../../../src/explain/originWords';
import type { Origin } from '../../../src/model/request';

const object: Origin = {
  kind: 'object',
  function: 'ReadOp',
  file: '/src/store.h',
  line: 12,
  found: 'user_data',
};
const callback: Origin = {
  kind: 'callback',
  function: 'on_block',
  file: '/src/store.c',
  line: 120,
  found: 'user_data + 16',
};
const coroutine = (name: string, line?: number): Origin => ({
  kind: 'coroutine',
  function: name,
  ...(line === undefined ? {} : { file: '/src/server.cpp', line }),
});

const SENTENCES: readonly (readonly [string, readonly Origin[]])[] = [
  ['user_data points to a ReadOp whose callback is on_block() at store.c:120', [object, callback]],
  ['user_data points to a ReadOp at store.h:12', [object]],
  [
    'user_data points to an Op whose method is Op::run() and callback is a lambda in main() at store.c:7',
    [
      { kind: 'object', function: 'Op' },
      { kind: 'method', function: 'Op::run' },
      { kind: 'callback', function: 'main::<lambda>', file: 'store.c', line: 7 },
    ],
  ],
  [
    'user_data leads to a channel that goroutine 34 waits on in main.await() at ring.go:9 and to a callback, on_block() at store.c:120',
    [{ kind: 'goroutine', goroutine: 34, function: 'main.await', file: '/src/ring.go', line: 9 }, callback],
  ],
  ['user_data leads to a callback, on_block() at store.c:120', [callback]],
  ['user_data is the address of on_block() at store.c:120', [{ ...callback, kind: 'code' }]],
  ['user_data leads to the coroutine read_header()', [coroutine('read_header')]],
  [
    'user_data leads to the coroutine read_header(), suspended at server.cpp:35, awaited by handle() at server.cpp:40, by serve() at server.cpp:45',
    [coroutine('read_header', 35), coroutine('handle', 40), coroutine('serve', 45)],
  ],
  [
    'user_data leads to the coroutine f0(), awaited by f1(), by f2(), by f3(), by f4() and 3 more',
    [0, 1, 2, 3, 4, 5, 6, 7].map((n) => coroutine(`f${n}`)),
  ],
  [
    'user_data leads to the future store::read(), suspended at lib.rs:9',
    [{ kind: 'future', function: 'store::read', file: '/a/lib.rs', line: 9 }],
  ],
  [
    'user_data leads to the coroutine of a lambda in main(), suspended at a.cpp:3',
    [{ kind: 'coroutine', function: 'main::<lambda>', file: '/src/a.cpp', line: 3 }],
  ],
  [
    'user_data leads to the future of an async block in serve(), awaited by the::closure()',
    [
      { kind: 'future', function: 'serve::{async_block}' },
      { kind: 'future', function: 'the::closure' },
    ],
  ],
  [
    'user_data leads to a callback, a closure in main()',
    [{ kind: 'callback', function: 'main::{closure#0}' }],
  ],
  ['user_data is 17, an index', [{ kind: 'number', function: '17, an index' }]],
  [
    'it was submitted by load() at store.c:120, which still waits for it',
    [{ ...callback, kind: 'submitted', function: 'load' }],
  ],
  [
    'it was submitted by load() at store.c:120; its user_data points to a ReadOp at store.h:12',
    [{ ...callback, kind: 'recorded', function: 'load' }, { kind: 'recorded', function: 'main' }, object],
  ],
  ['it was submitted by the code at 0x1268 in server', [{ kind: 'recorded', function: '0x1268 in server' }]],
  [
    'user_data leads to a callback, evil\\x1b[2J() at \\u202ex.c:1',
    [{ kind: 'callback', function: 'evil\x1b[2J', file: '/\u202ex.c', line: 1 }],
  ],
];

describe('where a request comes from, in words', () => {
  it.each(SENTENCES)('%s', (sentence, origins) => {
    expect(originSentence(origins)).toBe(sentence);
  });

  it('is nothing where nothing is known', () => {
    expect(originSentence(undefined)).toBeUndefined();
    expect(originSentence([])).toBeUndefined();
    expect(originSteps(undefined)).toEqual([]);
  });

  it('is told step by step, with whole paths', () => {
    expect(originSteps([object, callback])).toEqual([
      { role: 'object', name: 'ReadOp', place: '/src/store.h:12', found: 'user_data' },
      { role: 'callback', name: 'on_block()', place: '/src/store.c:120', found: 'user_data + 16' },
    ]);
    expect(originSteps([coroutine('a', 1), coroutine('b')])).toEqual([
      { role: 'coroutine', name: 'a()', place: '/src/server.cpp:1' },
      { role: 'awaited by', name: 'b()' },
    ]);
    const recorded: Origin = { kind: 'recorded', function: 'load' };
    expect(
      originSteps([recorded, { ...recorded, function: 'main' }, coroutine('a'), coroutine('b')]).map(
        ({ role, name }) => `${role} ${name}`,
      ),
    ).toEqual(['submitted by load()', 'called by main()', 'coroutine a()', 'awaited by b()']);
  });
});
