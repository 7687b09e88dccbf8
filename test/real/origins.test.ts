import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { spawnProbe } from '../../src/target/local';
import { connectProbe, type ProbeTarget } from '../../src/target/probeTarget';
import { type Armed, type Build, compileArmed, inMarks, originsOf, startArmed } from './support/armed';
import { everybodysProbe, skipUnlessMemoryReadable } from './support/probe';
import type { Running } from './support/victim';

const NOBODY = { uid: 65534, gid: 65534 };
const isRoot = process.getuid?.() === 0;

const USERS = ['root', 'an ordinary user'] as const;
type User = (typeof USERS)[number];
let root: ProbeTarget | undefined;
let ordinary: ProbeTarget | undefined;

beforeAll(async () => {
  const probe = await everybodysProbe();
  if (isRoot) root = await connectProbe(spawnProbe(probe), 'root');
  ordinary = await connectProbe(spawnProbe(probe, isRoot ? NOBODY : undefined), 'ordinary');
});
afterAll(() => {
  root?.dispose();
  ordinary?.dispose();
});

async function start(context: Running, source: string, build: Build): Promise<Armed> {
  const program = compileArmed(context, source, build);
  return startArmed(context, program, isRoot ? NOBODY : undefined);
}

/** What is told of each request, in words. */
async function told(context: Running, user: User, source: string, build: Build) {
  if (user === 'root' && !isRoot) context.skip('needs root');
  if (user !== 'root') skipUnlessMemoryReadable(context, NOBODY.uid);
  const target = user === 'root' ? root : ordinary;
  if (!target) throw new Error('no probe');
  if (target.arch !== 'x86_64') context.skip('told on x86-64 alone');
  const found = await originsOf(target, await start(context, source, build));
  return Object.fromEntries(
    [...found].map(([name, origins]) => [name, origins.map((origin) => inMarks(source, origin))]),
  );
}

const levels = (compiler: string, ...flags: readonly string[]): readonly Build[] =>
  ['-O0', '-O2'].map((level) => ({ compiler, flags: [level, ...flags] }));

describe.each(USERS)('as %s, user_data leads to', (user) => {
  it.for([...levels('gcc'), ...levels('clang'), ...levels('gcc', '-static')])(
    'callbacks of a program in C, %j',
    async (build, context) => {
      const ops = ['object read_op read_op', 'callback on_block on_block'];
      const opaque = ['number an identifier of its own, not an address of its memory'];
      expect(await told(context, user, 'callbacks.c', build)).toEqual({
        op: ops,
        job: ['callback job_completed job_completed'],
        plain: [],
        holder: ['callback on_block on_block'],
        static: ops,
        stack: ops,
        'low tag': ops,
        'high tag': ops,
        bare: ['code bare bare'],
        index: ['number 17, an index or a count, not an address'],
        mark: ['number -1, a mark of its library’s own, not an address'],
        opaque,
        nothing: [],
        circle: [],
        unmapped: opaque,
        'within code': [],
        text: [],
        'own ring': [],
        'into ring': [],
        end: [],
      });
    },
  );

  it.for([...levels('g++'), ...levels('clang++')])(
    'objects and lambdas of a program in C++, %j',
    async (build, context) => {
      const found = await told(context, user, 'objects.cpp', build);
      const plain = Object.fromEntries(
        Object.entries(found).map(([name, rows]) => [
          name,
          // Each compiler has its own words for a lambda as a template's argument, and where it is.
          rows.map((row) => row.replace(/Op<.*>(?= |::)/, 'Op<…>').replace(' start::<', ' <')),
        ]),
      );
      expect(plain).toEqual({
        virtual: ['object net::AcceptOp AcceptOp', 'method net::AcceptOp::complete accept'],
        template: [
          'object net::ReadOp<…> ReadOp',
          'method net::ReadOp<…>::complete read',
          'callback <lambda> template lambda',
        ],
        'member function': ['callback <lambda> member lambda'],
        function: ['callback <lambda> bare lambda'],
        'second base': ['object Session Session', 'method Session::complete session'],
        handler: [
          'object HandlerOp<…> HandlerOp',
          'callback HandlerOp<…>::perform perform',
          'callback <lambda> handler lambda',
        ],
      });
    },
  );

  it.for([...levels('g++', '-std=c++20'), { compiler: 'clang++-16', flags: ['-O0', '-std=c++20'] }])(
    'coroutines, and those that await them, %j',
    async (build, context) => {
      expect(await told(context, user, 'coroutines.cpp', build)).toEqual({
        awaiter: [
          'coroutine store::read_header read_header',
          'coroutine handle_request handle_request',
          'coroutine serve_connection serve_connection',
        ],
        handle: ['coroutine by_handle by_handle'],
        heap: ['coroutine through_heap through_heap'],
      });
    },
  );
});
