import { describe, expect, it } from 'vitest';
import { ownLine, ownOrigin } from '../../../src/explain/ownCode';
import type { Finding, Origin, Sample, Task, UserFrame } from '../../../src/model/sample';
import { LineMarks } from '../../../src/views/lineMarks';
import { type LineWaits, markHover, markText } from '../../../src/views/markWords';
import { rootNodes } from '../../../src/views/nodes';
import { stackText } from '../../../src/views/sourceRows';
import { waitingPlaces } from '../../../src/views/waitingPlaces';
import { requestOf, sampleOf, taskOf } from '../samples';
import { below, children, everyId, rowsOf } from './rows';
import { live, read, stuck, worker } from './samples';

const OWN = '/home/u/p/store.c';
const EXE = '/home/u/p/store';

function frame(name: string, parts: Partial<UserFrame> = {}): UserFrame {
  return { function: name, address: '0x401234', trust: 'proven', binary: EXE, ...parts };
}

const LIBC = { binary: '/usr/lib/x86_64-linux-gnu/libc.so.6' };
const STACK = [
  frame('syscall', LIBC),
  frame('io_uring_wait_cqe', { file: '/usr/include/liburing.h', line: 1400, inlined: true }),
  frame('wait_all', { file: OWN, line: 120, binaryModified: 1000, md5: 'ab' }),
  frame('main', { file: OWN, line: 200 }),
];
const thread = (tid: number, parts: Partial<Task> = {}): Task =>
  taskOf({
    tid,
    blocked: 31,
    userStack: STACK,
    syscall: { number: 426, name: 'io_uring_enter', args: [] },
    ...parts,
  });
const origin = (line: number, file = OWN): readonly Origin[] => [
  { kind: 'callback', function: 'on_block', file, line, found: 'user_data + 8' },
];

function waitsOf(sample: Sample, parts: Partial<LineWaits> = {}): LineWaits[] {
  const key = 'process-7';
  return waitingPlaces(sample).map((place) => ({
    key,
    title: 'server (7)',
    sample,
    place,
    saved: false,
    ...parts,
  }));
}

describe('the user’s own line', () => {
  it('is the innermost that is neither of a library nor inlined from a system header', () => {
    expect(ownLine(thread(7))?.function).toBe('wait_all');
    expect(ownLine(thread(7, { userStack: STACK.slice(0, 2) }))).toBeUndefined();
  });

  it('of a request is the nearest of its origins that is not of a library', () => {
    const steps = [...origin(3, '/usr/include/asio.hpp'), ...origin(120)];
    expect(ownOrigin({ origin: steps })?.line).toBe(120);
    expect(ownOrigin({ origin: steps.slice(0, 1) })?.line).toBe(3);
    expect(ownOrigin({})).toBeUndefined();
    const object = { kind: 'object', function: 'ReadOp', file: OWN, line: 12 } as const;
    expect(ownOrigin({ origin: [object, ...origin(120)] })?.line).toBe(120);
    expect(ownOrigin({ origin: [object] })).toBeUndefined();
  });

  it('is never one without a file', () => {
    const file = '/rustc/9fc6b43126469e3858e2fe86cafb4f0fd5068869/library/std/src/io/mod.rs';
    expect(ownOrigin({ origin: origin(3, file) })).toBeUndefined();
  });
});

describe('the places at which something waits', () => {
  it('are the lines of waiting threads and of requests in flight, each once', () => {
    const requests = [
      requestOf({ operation: 'READ', state: 'running', age: 5, origin: origin(120) }),
      requestOf({ operation: 'READ', state: 'queued', age: 31, origin: origin(120) }),
      requestOf({ operation: 'WRITE', state: 'completed', origin: origin(140) }),
      requestOf({ operation: 'WRITE', state: 'queued', origin: origin(150) }),
    ];
    const sample = sampleOf({ tasks: [thread(7)], requests });
    const places = waitingPlaces(sample);
    expect(places.map(({ line, requests: r, threads: t }) => [line, r.length, t.length])).toEqual([
      [120, 2, 1],
      [150, 1, 0],
    ]);
    expect(places[0]).toMatchObject({ file: OWN, md5: 'ab', binaryModified: 1000, stuck: false });
    expect(places[1]).toMatchObject({ binaryModified: 1000 });
  });

  it('are, of a wrapper in a file of its own, also the line that called it from the nearest other one', () => {
    const at = (name: string, file: string, line: number) => frame(name, { file, line });
    const userStack = [
      frame('syscall', LIBC),
      at('ring_enter', '/p/ring.c', 95),
      at('ring_wait', '/p/ring.c', 80),
      at('std::invoke', '/usr/include/c++/14/functional', 3),
      at('serve', '/p/server.c', 34),
      at('main', '/p/main.c', 9),
    ];
    const places = waitingPlaces(sampleOf({ tasks: [thread(7, { userStack, state: 'D' })] }));
    expect(places.map(({ file, line, threads }) => [file, line, threads.length])).toEqual([
      ['/p/ring.c', 95, 1],
      ['/p/server.c', 34, 1],
    ]);
  });

  it('leave out threads that have nothing to do, or run', () => {
    const idle = {
      function: 'ep_poll',
      subsystem: 'epoll',
      text: 'waits for events',
      wake: 'interruptible',
      idle: true,
    } as const;
    const futex = { number: 202, name: 'futex', args: [] };
    const at = (task: Task, more: Partial<Sample> = {}) =>
      waitingPlaces(sampleOf({ tasks: [task], ...more })).length;
    expect(at(thread(7, { blockedOn: idle, syscall: futex }))).toBe(0);
    expect(at(thread(7))).toBe(0);
    expect(at(thread(7, { state: 'R', blockedOn: { ...idle, idle: false } }))).toBe(0);
    expect(at(thread(7, { kind: 'worker', state: 'D' }))).toBe(0);
    expect(at(thread(7, { state: 'D', syscall: futex }))).toBe(1);
    expect(at(thread(7, { blockedOn: { ...idle, idle: false }, syscall: futex }))).toBe(1);
  });

  it('are stuck where a finding above info points to them', () => {
    const found: Finding = {
      tag: 'x',
      severity: 'critical',
      summary: 'It hangs.',
      explanation: '',
      remedy: '',
      evidence: [{ task: 7 }],
    };
    const blockedOn = { function: 'f', subsystem: 'x', text: 'waits', wake: 'killable', idle: true } as const;
    const tasks = [thread(7, { blockedOn })];
    expect(waitingPlaces(sampleOf({ tasks, findings: [found] }))[0]?.stuck).toBe(true);
    expect(waitingPlaces(sampleOf({ tasks, findings: [{ ...found, severity: 'info' }] }))).toEqual([]);
  });
});

describe('a mark', () => {
  const silent = stuck({
    requests: stuck().requests.map((request) => ({ ...request, origin: origin(120) })),
  });

  it('says that nothing will come where all requests of the ring that a thread waits on are stuck', () => {
    const { findings, ...rest } = stuck();
    const evidence = rest.requests.map((_, index) => ({ request: index }));
    const base = { ...rest, findings: findings.map((finding) => ({ ...finding, evidence })) };
    const fd = base.rings[0]?.fd ?? 0;
    const waiter = thread(7, {
      syscall: {
        number: 426,
        name: 'io_uring_enter',
        args: [`0x${fd.toString(16)}`, '0x0', '0x1', '0x1', '0x0', '0x0'],
      },
    });
    const of = (requests: Sample['requests']) =>
      waitsOf({ ...base, tasks: [...base.tasks, waiter], requests });
    const stuckOnes = of(base.requests);
    expect(markText(stuckOnes)).toBe(`1 thread waits for ${base.requests.length} stuck requests, 31 s`);
    expect(stuckOnes[0]?.place.stuck).toBe(true);
    expect(markHover(stuckOnes)).toContain(
      'critical: 100 reads of /mnt/data/db wait for the FUSE server sshfs',
    );
    // One that may still end is enough: a server with a slow disk that waits for connections as well is not stuck.
    const accept = requestOf({ operation: 'ACCEPT', state: 'waiting', ring: base.requests[0]?.ring ?? 1 });
    const some = of([...base.requests, accept]);
    expect(markText(some)).toBe('1 thread waits, 31 s');
    expect(some[0]?.place.stuck).toBe(false);
  });

  it('says how many wait, since when and for what', () => {
    expect(markText(waitsOf(silent))).toBe(
      "8 reads pending, oldest 31 s — waits for the FUSE server's answer",
    );
    const one = sampleOf({ tasks: [thread(7, { state: 'D' })] });
    expect(markText(waitsOf(one))).toBe('1 thread waits, 31 s');
    const blockedOn = { function: 'f', subsystem: 'x', text: 'waits for a child', wake: 'killable' } as const;
    const tasks = [thread(7, { blockedOn }), thread(8, { blockedOn, blocked: 5 })];
    expect(markText(waitsOf(sampleOf({ tasks })))).toBe('2 threads wait for a child, longest 31 s');
  });

  it('sums what waits at one line in several processes', () => {
    const pair = [...waitsOf(silent), ...waitsOf(sampleOf({ tasks: [thread(7, { state: 'D' })] }))];
    expect(markText(pair)).toBe(
      "8 reads pending, oldest 31 s; 1 thread waits, 31 s — waits for the FUSE server's answer",
    );
  });

  it('says where the source is another, and where the sample is not of now', () => {
    expect(markText(waitsOf(silent, { differs: 'newer', saved: true }))).toMatch(
      / \(source newer than the program, saved sample\)$/,
    );
    expect(markHover(waitsOf(silent, { differs: 'other' }))).toContain('The line may be off');
  });

  it('has a hover with the finding, the stacks and the way to the row', () => {
    const hover = markHover(waitsOf({ ...silent, tasks: [thread(4242, { state: 'D' }), worker(4243)] }));
    expect(hover).toContain('critical: ');
    expect(hover).toMatch(/1\. ` wait_all ` \[.*store\\\.c\\:120\]\(command:ioUringInspector\.goToSource\?/);
    expect(hover).toContain('Most likely belongs to');
    expect(hover).toMatch(/\[Show in the tree\]\(command:ioUringInspector\.showRow\?/);
  });

  it('says of a traced submit that it is exact, and of what user_data leads to that it is likely', () => {
    const [first] = origin(120);
    const recorded = { ...first, kind: 'recorded' as const, function: 'submit_read' };
    const exact = markHover(waitsOf(sampleOf({ requests: [read({ origin: [recorded] })] })));
    expect(exact).toMatch(/Submitted by:\n\n1\. ` submit_read `/);
    expect(exact).not.toContain('likely');
    const both = markHover(waitsOf(sampleOf({ requests: [read({ origin: [recorded, ...origin(120)] })] })));
    expect(both).toMatch(
      /Submitted by:\n\n1\. ` submit_read `.*\n\nMost likely belongs to:\n\n1\. ` on_block `/,
    );
  });

  it('gives the target’s text no meaning, in links neither', () => {
    const evil = '](command:workbench.action.quit) <img src=x> $(bug) `x` **b**\n# h';
    const requests = [
      read({ operation: evil, origin: [{ kind: 'callback', function: evil, file: `/p/${evil}`, line: 1 }] }),
    ];
    const task = thread(7, {
      name: evil,
      state: 'D',
      userStack: [frame(evil, { file: `/p/${evil}`, line: 1 })],
    });
    const sample = sampleOf({ requests, tasks: [task] });
    const hover = markHover(waitsOf(sample, { title: evil }));
    // Code spans, and then what is escaped, cannot have a meaning; what is left must be ours.
    const bare = hover
      .replace(
        /\[(?:Show in the tree|(?:\\.|&\w+;|[^\\\]])*)\]\(command:ioUringInspector\.(?:showRow|goToSource)\?[\w%.~-]*\)/g,
        '',
      )
      .replace(/(`+) .*? \1/g, '')
      .replace(/\\.|&\w+;/g, '');
    expect(bare).not.toMatch(/[[\]<`$]|command:|\n#/);
  });
});

describe('the tree', () => {
  const sample = stuck({
    tasks: [thread(4242, { userStackNote: 'ends here: memory was missing' }), worker(4243)],
    requests: [read({ worker: 4243, origin: [...origin(120), { kind: 'number', function: 'small: 12' }] })],
  });

  it('leads from frames to lines; a thread’s row to the first of the user’s own', () => {
    const rows = rowsOf(sample);
    const row = below(children(below(rows, 'Other threads')), 'server');
    expect(row).toMatchObject({ context: 'source', source: { file: OWN, line: 120, binaryModified: 1000 } });
    const frames = children(row);
    expect(below(frames, 'wait_all')).toMatchObject({ context: 'source', description: 'store.c:120' });
    expect(below(frames, 'syscall')).toMatchObject({ context: 'stack' });
    expect(below(frames, 'syscall').source).toBeUndefined();
    expect(below(frames, 'its stack ends here')).toBeDefined();
    expect(below(frames, 'main').stack?.()).toBe(stackText(STACK, 'ends here: memory was missing'));
  });

  it('has what a request belongs to below it', () => {
    const find = (nodes: ReturnType<typeof children>): ReturnType<typeof children> =>
      nodes.flatMap((node) => [node, ...find(children(node))]);
    const all = find(rootNodes([live(sample)]));
    const [first, second] = all.filter(({ id }) => /:origin-\d$/.test(id));
    expect(first).toMatchObject({ label: 'on_block()', source: { file: OWN, line: 120 } });
    expect(first?.description).toBe(`callback · ${OWN}:120 · user_data + 8`);
    expect(second).toMatchObject({ label: 'user_data is small: 12', context: 'stack' });
    const ids = everyId(rootNodes([live(sample)]));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('copies a stack as debuggers print it', () => {
    expect(
      stackText([
        frame('f', { trust: 'probable' }),
        frame('g', { file: OWN, line: 3 }),
        frame('h', { inlined: true, file: OWN }),
      ]),
    ).toBe(
      [
        `#0  0x401234 in f from ${EXE} (probable)`,
        `#1  0x401234 in g at ${OWN}:3`,
        `#2  inlined in h at ${OWN}`,
      ].join('\n'),
    );
  });
});

describe('marks of a document', () => {
  it('of 10,000 lines that wait are the gravest, found without asking of each line anew', async () => {
    const lines = Array.from({ length: 10_000 }, (_, index) => index + 1);
    const requests = lines.map((line) =>
      requestOf({ operation: 'READ', state: 'queued', age: 31, origin: origin(line) }),
    );
    // The last ten are stuck; two wait at line 5000.
    const evidence = lines.slice(-10).map((line) => ({ request: line - 1 }));
    const finding: Finding = {
      tag: 'stuck-on-resource',
      severity: 'critical',
      summary: 'Reads wait.',
      explanation: '',
      remedy: '',
      evidence,
    };
    const sample = sampleOf({
      requests: [
        ...requests,
        requestOf({ operation: 'READ', state: 'queued', age: 31, origin: origin(5000) }),
      ],
      findings: [finding],
    });
    const asked = { files: 0, lines: 0 };
    const marks = new LineMarks(
      { all: [live(sample)] } as never,
      {
        isOpenAs: async () => {
          asked.files++;
          return true;
        },
      } as never,
      {
        lineNow: (_: unknown, line: number) => {
          asked.lines++;
          return line;
        },
      } as never,
      { difference: async () => undefined } as never,
    );
    const found = await marks.of({ uri: {}, lineCount: 20_000 } as never);
    expect(found).toHaveLength(500);
    expect(found.filter((mark) => mark.stuck).map(({ line }) => line + 1)).toEqual(lines.slice(-10));
    expect(found.map(({ line }) => line + 1)).toContain(5000);
    expect(found.map(({ line }) => line)).toEqual(found.map(({ line }) => line).toSorted((a, b) => a - b));
    expect(asked).toEqual({ files: 1, lines: 500 });
    expect(markHover(found.at(-1)?.waits ?? [])).toContain('critical: Reads wait\\.');
    expect(markHover(found[0]?.waits ?? [])).not.toContain('critical');
  });
});
