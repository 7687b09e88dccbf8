import { expect, it } from 'vitest';
import type { GoroutineGroup, Sample, UserFrame } from '../../../src/model/sample';
import { type Node, outline } from '../../../src/views/node';
import { rootNodes } from '../../../src/views/nodes';
import { sampleOf, taskOf } from '../samples';

const frame = (name: string, file: string, line: number): UserFrame => ({
  ...{ function: name, file, line, address: '0x401000', trust: 'proven', binary: '/srv/server' },
});
const SERVE = frame('main.serve', '/home/u/server.go', 42);
const GROUP: GoroutineGroup = {
  ...{ count: 1, ids: [34], state: 'waiting', reason: 'IO wait' },
  stack: [frame('runtime.gopark', 'runtime/proc.go', 363), SERVE],
  startedAt: frame('main.accept', '/home/u/server.go', 30),
  fds: [{ goroutine: 34, fd: 7, for: 'read' }],
};
const SAMPLE = sampleOf({
  goroutines: { count: 3, runtime: 4, unread: 2, groups: [GROUP] },
  tasks: [
    taskOf({
      kernelStack: [],
      userStack: [frame('runtime.netpoll', 'runtime/netpoll_epoll.go', 126)],
    }),
  ],
  resources: [{ fd: 7, kind: 'socket', socket: { protocol: 'tcp', local: '127.0.0.1:80' } }],
});

const roots = (sample: Sample): readonly Node[] =>
  rootNodes([{ key: 's', pid: 7, snapshot: { state: 'ended', sample }, savedAs: 'a.json' }]);

const ROW = 'goroutine 34  waits to read fd 7 · IO wait · main.serve() at server.go:42';

it('stand in a row of their own, below the thread that waits for them and below their descriptor', () => {
  const text = outline(roots(SAMPLE));
  expect(text).toContain(`
  Goroutines (3, and 4 of Go’s own)
    ${ROW}
      runtime.gopark  proc.go:363
      main.serve  server.go:42
      started by  main.accept() at server.go:30
    2 more goroutines not told: they ran, or there are too many to look at
`);
  expect(text).toContain(`
      runtime.netpoll  netpoll_epoll.go:126
      ${ROW}
`);
  expect(text).toMatch(
    /\n {4}fd 7 {2}tcp 127\.0\.0\.1:80 {2}.*goroutine 34 waits to read in main\.serve\(\) at server\.go:42\n {6}goroutine 34 /,
  );
});

it('one in a system call stands below the thread that carries it', () => {
  const carried: GoroutineGroup = { count: 1, ids: [8], state: 'syscall', stack: [SERVE], tids: [7] };
  const goroutines = { count: 2, runtime: 4, unread: 0, groups: [GROUP, carried] };
  expect(outline(roots({ ...SAMPLE, goroutines }))).toContain(`
      runtime.netpoll  netpoll_epoll.go:126
      goroutine 8  is in a system call · thread 7 · main.serve() at server.go:42
`);
});

it('lead to the line of the program’s own', () => {
  const find = (nodes: readonly Node[]): Node | undefined => {
    for (const node of nodes) {
      if (node.label === 'goroutine 34') return node;
      const below = find(node.children?.() ?? []);
      if (below) return below;
    }
    return undefined;
  };
  expect(find(roots(SAMPLE))?.source).toMatchObject({ file: '/home/u/server.go', line: 42 });
});

it('are not there of a program that is not Go’s', () => {
  const { goroutines: _, ...other } = SAMPLE;
  expect(outline(roots(other))).not.toMatch(/goroutine/i);
});
