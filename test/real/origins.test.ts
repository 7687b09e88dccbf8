import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Request } from '../../src/model/sample';
import { SampleLinker } from '../../src/source/linkSample';
import { spawnProbe } from '../../src/target/local';
import { connectProbe, type ProbeTarget } from '../../src/target/probeTarget';
import { unpack } from '../../src/target/unpack';
import { sampleOf } from '../unit/samples';
import { ACTORS, actor, actorMissing } from './support/actor';
import {
  type Armed,
  type Build,
  compileArmed,
  inMarks,
  lineOf,
  originsOf,
  startArmed,
} from './support/armed';
import { run } from './support/inspect';
import { everybodysProbe, skipUnlessMemoryReadable } from './support/probe';
import { skipUnless } from './support/rights';
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

function targetOf(context: Running, user: User): ProbeTarget {
  if (user === 'root' && !isRoot) context.skip('needs root');
  if (user !== 'root') skipUnlessMemoryReadable(context, NOBODY.uid);
  const target = user === 'root' ? root : ordinary;
  if (!target) throw new Error('no probe');
  if (target.arch !== 'x86_64') context.skip('told on x86-64 alone');
  return target;
}

/** What is told of each request, in words. */
async function told(context: Running, user: User, source: string, build: Build) {
  const found = await originsOf(targetOf(context, user), await start(context, source, build));
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
        // The loop of its connection has a callback, but that is not the request's.
        far: [],
        // Elements of an array, of which one has a callback.
        'empty slot': [],
        'first slot': [],
        slot: ['object read_op read_op', 'callback on_other on_other'],
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

  it('an index into a library’s list, where its symbols tell which', async (context) => {
    const flags = ['-O1', '-Wl,--defsym=tokio_uring_driver=0'];
    const found = await told(context, user, 'callbacks.c', { compiler: 'gcc', flags });
    expect(found['index']).toEqual([
      'number 17, an index into tokio-uring’s slab of operations, not an address',
    ]);
  });

  it('a callback without a name, where symbols are stripped and unwind tables are left', async (context) => {
    const flags = ['-O1', '-s'];
    const found = await told(context, user, 'callbacks.c', { compiler: 'gcc', flags });
    expect(found['op']).toEqual([
      expect.stringMatching(/^callback a function of program without a name \(at 0x1[0-9a-f]{3}\)$/),
    ]);
    expect(found['plain']).toEqual([]);
    expect(found['within code']).toEqual([]);
  });

  it.for([
    ...levels('g++'),
    ...levels('clang++'),
    { compiler: 'g++', flags: ['-O2', '-fno-rtti'] },
    { compiler: 'g++', flags: ['-O2', '-flto'] },
  ])('objects and lambdas of a program in C++, %j', async (build, context) => {
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
  });

  it.for([
    ...levels('g++', '-std=c++20'),
    ...levels('clang++-16', '-std=c++20'),
    { compiler: 'g++', flags: ['-O2', '-flto', '-std=c++20'] },
  ])('coroutines, and those that await them, %j', async (build, context) => {
    expect(await told(context, user, 'coroutines.cpp', build)).toEqual({
      awaiter: [
        'coroutine store::read_header read_header',
        'coroutine handle_request handle_request',
        'coroutine serve_connection serve_connection',
      ],
      handle: ['coroutine by_handle by_handle'],
      heap: ['coroutine through_heap through_heap'],
      member: ['coroutine Server::session session'],
      template: [expect.stringMatching(/^coroutine generic<long(?: int)?> generic$/)],
      lambda: [expect.stringMatching(/^coroutine (?:main::)?<lambda> lambda$/)],
    });
  });

  it.for(['0', '2'])(
    'futures of a program in Rust, and those that await them, -O%s',
    async (level, context) => {
      const build = { compiler: 'rustc', flags: ['--edition=2021', `-Copt-level=${level}`] };
      const client = [
        'future futures::store::read_header read_header',
        'future futures::handle_client handle_client',
        'future futures::serve serve',
      ];
      expect(await told(context, user, 'futures.rs', build)).toEqual({
        future: client,
        index: ['number 3, an index or a count, not an address'],
        boxed: [
          ...client,
          'future futures::serve_dynamic::{async_block} in block',
          'future futures::boxed boxed',
        ],
        closure: ['callback futures::main::{closure#0} closure'],
        trait: ['object futures::Accepted', 'method futures::Accepted::complete complete'],
      });
    },
  );

  it.for(['-O0', '-O2'])('handlers and coroutines of a program on Asio, %s', async (level, context) => {
    if (!existsSync('/usr/include/asio.hpp')) context.skip('needs Asio (apt-get install libasio-dev)');
    if (!existsSync('/usr/include/liburing.h')) context.skip('needs liburing (apt-get install liburing-dev)');
    const flags = ['-std=c++20', level, '-DASIO_STANDALONE', '-pthread', '-luring'];
    expect(await told(context, user, 'asio.cpp', { compiler: 'g++', flags })).toEqual({
      'SQE 0': ['callback session::start::<lambda> handler'],
      'SQE 1': ['coroutine read_block read_block', 'coroutine echo echo'],
    });
  });

  it('the requests of a Sample, and what still stands is not looked for again', async (context) => {
    const target = targetOf(context, user);
    const armed = await start(context, 'callbacks.c', { compiler: 'gcc', flags: ['-O2'] });
    const requests = [...armed.userData.values()].map(
      (userData, sequence): Request => ({
        ring: 1,
        operation: 'READ',
        userData,
        sequence,
        state: 'polling',
        certainty: 'certain',
        sources: ['ring memory'],
      }),
    );
    const process = { pid: armed.pid, startTime: 1, name: 'program', command: [] };
    const linker = new SampleLinker(target, { unpack });
    const first = await linker.link(sampleOf({ process, requests }));
    const names = [...armed.userData.keys()];
    const origin = first.requests[names.indexOf('op')]?.origin;
    expect(origin?.at(-1)).toMatchObject({ kind: 'callback', function: 'on_block', found: 'user_data + 16' });
    expect(first.requests[names.indexOf('plain')]).toBe(requests[names.indexOf('plain')]);
    const again = await linker.link(sampleOf({ process, requests }), { previous: first });
    expect(again.requests[names.indexOf('op')]?.origin).toBe(origin);
    linker.close();
  });

  it('nothing worse than a wrong guess where memory is nonsense', async (context) => {
    const target = targetOf(context, user);
    const flags = ['-O1', '-std=c++20'];
    const armed = await start(context, 'wild.cpp', { compiler: 'g++', flags });
    const began = Date.now();
    const found = await originsOf(target, armed);
    expect(Date.now() - began).toBeLessThan(20_000);
    expect(found.size).toBe(500);
    const names = new Set([...found.values()].flatMap((origins) => origins.map((one) => one.function)));
    for (const name of names)
      expect(name).toMatch(/^(?:Base|Derived)(?:::run)?$|^main(?:::<lambda>)?$|not an address|^~?\w+$/);
  });
});

describe.each(ACTORS)('as %s, the command line', (name) => {
  it('tells with each pending request the coroutine that waits for it', async (context) => {
    const missing = actorMissing(name);
    if (missing !== undefined) context.skip(missing);
    skipUnless(context, 'ioUring');
    const who = actor(name);
    const [build] = levels('g++', '-std=c++20');
    if (!build) throw new Error('no build');
    const program = compileArmed(context, 'coroutines.cpp', build);
    const { uid, gid } = who;
    const user = uid === undefined || gid === undefined ? undefined : { uid, gid };
    const { pid, userData } = await startArmed(context, program, user);
    const at = (mark: string) => `coroutines.cpp:${lineOf('coroutines.cpp', mark)}`;
    const text = (await run(who, String(pid))).stdout.replace(/\s+/g, ' ');
    expect(text).toContain(
      `user_data ${userData.get('handle')} leads to the coroutine by_handle(), suspended at ${at('by_handle')}`,
    );
    expect(text).toContain(
      `the coroutine store::read_header(), suspended at ${at('read_header')}, awaited by handle_request() at ${at('handle_request')}, by serve_connection() at ${at('serve_connection')}`,
    );
  });

  it.for(['-O0', '-O2'])(
    'tells who has submitted the one request that it waits for, %s',
    async (level, context) => {
      const missing = actorMissing(name);
      if (missing !== undefined) context.skip(missing);
      skipUnless(context, 'ioUring');
      const who = actor(name);
      const program = compileArmed(context, 'synchronous.c', { compiler: 'gcc', flags: [level] });
      const { uid, gid } = who;
      const user = uid === undefined || gid === undefined ? undefined : { uid, gid };
      const { pid } = await startArmed(context, program, user);
      const line = lineOf('synchronous.c', 'read_block');
      const said = `it was submitted by read_block() at synchronous.c:${line}, which still waits for it`;
      await vi.waitFor(async () => {
        const text = (await run(who, String(pid))).stdout.replace(/\s+/g, ' ');
        expect(text).toContain(said);
      }, 20_000);
    },
  );
});
