import { describe, expect, it } from 'vitest';
import type { Request } from '../../../src/model/sample';
import { type Node, outline } from '../../../src/views/node';
import { rootNodes } from '../../../src/views/nodes';
import { below, children, everyId, labels, ringRows } from './rows';
import { exact, idle, listed, live, read, ring, stuck, worker } from './samples';

/** One request of ring 1, and its row. */
const rowOf = (request: Request): Node => {
  const [row] = ringRows(stuck({ requests: [request] }));
  if (!row) throw new Error('the ring has no row');
  return row;
};

describe('the requests of a ring', () => {
  it('are grouped by state, what blocks first, each with what most of them do and the oldest', () => {
    expect(outline(ringRows(listed()), () => false)).toMatchInlineSnapshot(`
      "8 running in workers  8 × read /mnt/data/db · 31 s
      92 queued behind workers  92 × read /mnt/data/db · 31 s
      RECV TCP 10.0.0.1:4711 → 10.0.0.2:80  waiting for readiness
      FUTEX_WAIT  waiting for a futex
      2 timeouts  1 should have fired 2 s ago · the next fires in 59 min 0 s
      WRITE /mnt/data/db  waiting behind a link
      FSYNC /mnt/data/db  held back by a drain
      READ /mnt/data/db  prepared, not submitted
      operation  completed, not collected · result -5
      operation  completed, completion queue overflowed · result 0
      12 more whose submission entry was overwritten
      Queues and setup
      "
    `);
  });

  it('stand one by one below their state, with place, age and worker', () => {
    const rows = children(below(ringRows(listed()), '8 running'));
    expect(rows).toHaveLength(8);
    expect(rows[1]).toMatchObject({
      label: 'READ /mnt/data/db',
      description: '4,096 bytes at 4,096 · 31 s · worker 4244',
      spoken: 'READ /mnt/data/db, running in a worker, 4,096 bytes at 4,096, 31 s, worker 4244',
    });
  });

  it('that differ are folded by operation and file first, the most frequent first', () => {
    const requests = [
      exact({ path: '/a', userData: '0x1' }),
      ...['0x2', '0x3'].map((userData) => exact({ path: '/b', userData })),
    ];
    const state = below(ringRows(stuck({ requests })), '3 running');
    expect(state.description).toBe('2 × read /b, 1 × other');
    expect(labels(children(state))).toEqual(['2 × READ /b', 'READ /a']);
  });

  it('of many files are told by what they do', () => {
    const requests = Array.from({ length: 6 }, (_, n) =>
      exact({ path: `/${n}`, operation: n < 4 ? 'READ' : 'WRITE' }),
    );
    expect(below(ringRows(stuck({ requests })), '6 running').description).toBe('4 × read, 2 × write');
  });

  it('that stand alone in their state are their own row, which tells the state', () => {
    expect(rowOf(exact({ state: 'issued' }))).toMatchObject({
      label: 'READ /mnt/data/db',
      description: 'in the device or file system',
    });
  });

  it('say what carries them when that is no worker', () => {
    const requests = [exact({ worker: 4242 })];
    const [row] = ringRows(stuck({ requests, tasks: [idle(4242)] }));
    expect(row?.description).toBe('running in its thread · thread 4242');
  });

  it('stand in the order of submission, over the wrap of its 32 bits', () => {
    const requests = [2, 0, 0xffff_ffff].map((sequence) => exact({ sequence, userData: `0x${sequence}` }));
    const rows = children(below(ringRows(stuck({ requests })), '3 running'));
    expect(rows.map((row) => below(children(row), 'user_data').description)).toEqual([
      '0x4294967295',
      '0x0',
      '0x2',
    ]);
  });
});

describe('a request', () => {
  it('leads to its worker, what it waits behind, what it asks for and how sure it is', () => {
    const head = exact({ worker: 4243, userData: '0x1' });
    const tail = exact({
      operation: 'OPENAT',
      state: 'linked',
      after: 0,
      userData: '0x2',
      flags: ['ASYNC'],
      submitter: 4242,
      operands: [{ name: 'open flags', value: 'O_RDONLY|O_CLOEXEC' }],
    });
    const row = below(ringRows(stuck({ requests: [head, tail] })), 'OPENAT');
    expect(outline(children(row), () => false)).toMatchInlineSnapshot(`
      "waits behind READ /mnt/data/db  running in a worker · worker 4243
      Cannot be cancelled on its own  it has not started and no cancel finds it: cancel the READ before it, and it is cancelled with that
      open flags  O_RDONLY|O_CLOEXEC
      user_data  0x2
      flags  ASYNC
      submitted by thread 4242  server
      certain  from kernel walk, ring memory
      "
    `);
    expect(labels(children(below(children(row), 'waits behind')))).toEqual(['iou-wrk-4242 (4243)']);
  });

  it('that is a linked timeout limits another instead of waiting for it', () => {
    const head = exact({ worker: 4243, userData: '0x1' });
    const limit = exact({ operation: 'LINK_TIMEOUT', state: 'timeout', after: 0, timeLeft: 5 });
    const row = below(ringRows(stuck({ requests: [head, limit] })), 'LINK_TIMEOUT');
    expect(labels(children(row))[0]).toBe('is the time limit of READ /mnt/data/db');
  });

  it('waits behind one other, also where a damaged sample goes in circles', () => {
    const requests = [
      exact({ state: 'linked', after: 1, userData: '0x1' }),
      exact({ state: 'linked', after: 0, userData: '0x2' }),
      exact({ state: 'linked', after: 99, userData: '0x3' }),
    ];
    const rows = children(below(ringRows(stuck({ requests })), '3 waiting behind a link'));
    expect(rows.map((row) => labels(children(row)).filter((label) => /^waits/.test(label)))).toEqual([
      ['waits behind READ /mnt/data/db'],
      ['waits behind READ /mnt/data/db'],
      [],
    ]);
  });

  it.each([
    [{ timeLeft: 3540 }, 'timer · fires in 59 min 0 s'],
    [{ timeLeft: -2 }, 'timer · should have fired 2 s ago'],
    [{ timeout: 5 }, 'timer · set for 5 s'],
  ])('that is a timer says when it fires: %j', (more, words) => {
    const { path: _, fd: __, ...bare } = exact({ operation: 'TIMEOUT', state: 'timeout', ...more });
    expect(rowOf(bare)).toMatchObject({ label: 'TIMEOUT', description: words });
  });

  it('says in words which socket, pipe or registered file it is about', () => {
    const label = (more: Partial<Request>) => {
      const { path: _, ...bare } = exact({ operation: 'RECV', ...more });
      const [row] = ringRows(
        listed({ requests: [bare], resources: [...listed().resources, { fd: 3, kind: 'pipe' }] }),
      );
      return row?.label;
    };
    expect(label({ fd: 9 })).toBe('RECV TCP 10.0.0.1:4711 → 10.0.0.2:80');
    expect(label({ fd: 3 })).toBe('RECV pipe fd 3');
    expect(label({ fd: 77 })).toBe('RECV fd 77');
    expect(label({ fd: null, fixedFile: 5 })).toBe('RECV registered file 5');
    expect(label({ fd: -100 })).toBe('RECV');
  });

  it('has no offset where the file’s own position is meant', () => {
    const offset = Number(0xffff_ffff_ffff_ffffn);
    expect(rowOf(exact({ offset, length: 1 })).description).toContain('1 byte at the file’s position');
  });

  it('tells where it stands as exactly as the kernel does', () => {
    const stage = 'waits for thread 4242 to run its completion';
    expect(rowOf(exact({ state: 'issued', stage })).description).toBe(stage);
    expect(rowOf(exact({ state: 'queued', stage })).spoken).toContain(`queued behind workers, ${stage}`);
  });

  it('that only waits for its thread is not said to be in a device', () => {
    const stage = 'waits for thread 4242 to run its completion';
    const requests = [0, 1, 2, 3].map((n) =>
      exact({ state: 'issued', userData: `0x${n}`, ...(n < 2 ? { stage } : {}) }),
    );
    const rows = ringRows(stuck({ requests }));
    expect(labels(rows.slice(0, 2))).toEqual([
      '2 in the device or file system',
      '2 on their way to completion',
    ]);
    expect(labels(children(rows[1]))).toHaveLength(2);
    expect(children(rows[1])[0]?.description).toBe(stage);
  });
});

describe('certainty', () => {
  it('marks what may have finished already, in its row, above it and below it', () => {
    const requests = [
      ...['0x1', '0x2'].map((userData) => exact({ userData })),
      exact({ userData: '0x3', certainty: 'ambiguous' }),
    ];
    const state = below(ringRows(stuck({ requests })), '3 running');
    expect(state.description).toContain('1 may have finished already');
    const doubtful = children(state)[2];
    expect(doubtful?.icon?.id).toBe('question');
    expect(doubtful?.description).toContain('may have finished already');
    expect(doubtful?.spoken).toContain('may have finished already');
    expect(below(children(doubtful), 'may have finished already').description).toContain(
      'user_data was used again',
    );
    expect(children(state)[0]?.description ?? '').not.toContain('finished');
  });

  it('is counted in the tooltip of the ring', () => {
    const requests = [exact(), exact({ certainty: 'ambiguous' })];
    const rings = [ring(1, { inFlight: 14, explained: 1, ambiguous: 1, lost: 12 })];
    const tooltip = below(ringOf({ requests, rings }), 'ring 1').tooltip?.();
    expect(tooltip).toContain('1 certain, 1 may have finished already, 12 lost');
    expect(tooltip).toContain('kernel walk and ring memory');
  });

  it('tells the lost from those that nothing explains', () => {
    const rings = (more: Parameters<typeof ring>[1]) => [ring(1, { inFlight: 20, explained: 5, ...more })];
    const rest = (more: Parameters<typeof ring>[1]) =>
      ringRows(stuck({ requests: [], rings: rings(more) }))
        .filter(({ id }) => /unlisted|lost/.test(id))
        .map(({ label, description }) => [label, description ?? ''].join('  ').trim());
    expect(rest({ lost: 12 })).toEqual([
      '12 more whose submission entry was overwritten',
      '3 not listed  counted, but not among the ring’s submission entries',
    ]);
    expect(rest({ live: 6 })).toEqual([
      '1 not listed  on no list of the kernel: inside a device or file system, most likely',
    ]);
    expect(rest({})).toEqual(['15 not listed  queued or inside the kernel']);
    expect(rest({ live: 5 })).toEqual([]);
  });

  const ringOf = (more: Parameters<typeof stuck>[0]) => children(below(ringsOf(more), 'Rings'));
  const ringsOf = (more: Parameters<typeof stuck>[0]) => children(rootNodes([live(stuck(more))])[0]);
});

describe('a count that may be off', () => {
  const rest = (more: Parameters<typeof ring>[1]) =>
    below(ringRows(stuck({ rings: [ring(1, { skew: 'they overstate it', ...more })] })), '2 not listed');

  it('is doubted, and the kernel’s own is not', () => {
    expect(rest({ inFlight: 10, explained: 8 }).description).toBe('the count may be off');
    expect(rest({ inFlight: 99, live: 10, explained: 8 }).description).not.toContain('off');
  });
});

describe('worker pools', () => {
  const pool = (tid: number) => ({
    tid,
    bounded: { workers: 8, limit: 8, queued: 92 },
    unbounded: { workers: 1, limit: 4096, queued: 0 },
  });
  const rings = (count: number) => {
    const workerPools = Array.from({ length: count }, (_, n) => pool(4242 + n));
    return children(below(children(rootNodes([live(listed({ workerPools }))])[0]), 'Rings'));
  };

  it('say how many workers there are, may be, and are waited for', () => {
    expect(below(rings(1), 'io-wq')).toMatchObject({
      label: 'io-wq of thread 4242',
      description: '8 of 8 bounded workers, 92 queued; 1 of 4,096 unbounded workers, 0 queued',
      icon: { color: 'list.warningForeground' },
    });
  });

  it('of many threads fold into one row', () => {
    expect(children(below(rings(1000), 'Worker pools (1,000)'))).toHaveLength(201);
  });
});

describe('hostile text in requests', () => {
  const name = 'a\nb\u001b[31m<b>*x*</b>[l](command:evil) $(alert) \u202e';

  it('stays one harmless row and means nothing in a tooltip', () => {
    const request = exact({
      operation: name,
      path: name,
      stage: name,
      userData: name,
      flags: [name],
      operands: [{ name, value: name }],
      state: name as Request['state'],
      sources: [name as 'fdinfo'],
    });
    const row = rowOf(request);
    expect(outline([row])).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
    const outside = (row.tooltip?.() ?? '').replace(/(`+) .*? \1/g, '');
    expect(outside).not.toMatch(/(?<!\\)\[l\]|<b>|[\u0000-\u0009\u001b]/);
    expect(outside).toContain('\\[l\\]\\(command\\:evil\\)');
  });
});

describe('a sample with 100,000 requests', () => {
  const alike = Array.from({ length: 100_000 }, (_, n) =>
    exact({ userData: `0x${n.toString(16)}`, sequence: n, state: n < 8 ? 'running' : 'queued' }),
  );
  const unlike = alike.map((request, n) => ({ ...request, path: `/data/${n}` }));
  const rings = [ring(1, { inFlight: 100_000, explained: 100_000 })];

  /** Rows made while the tree is unfolded where `open` says so. */
  const made = (nodes: readonly Node[], open: (node: Node) => boolean): number =>
    nodes.reduce((sum, node) => sum + 1 + (open(node) ? made(children(node), open) : 0), 0);

  it('makes the rows that are unfolded, in pages of 200', () => {
    const tree = rootNodes([live(stuck({ requests: alike, rings }))]);
    expect(made(tree, (node) => node.expanded === true)).toBeLessThan(50);
    const page = children(below(ringRows(stuck({ requests: alike, rings })), '99,992 queued'));
    expect(page).toHaveLength(201);
    expect(page[200]?.label).toBe('and 99,792 more');
    expect(children(page[200])).toHaveLength(201);
    expect(children(page[200])[200]?.label).toBe('and 99,592 more');
  });

  it('pages those that are not alike', () => {
    const state = below(ringRows(stuck({ requests: unlike, rings })), '99,992 queued');
    expect(state.description).toBe('99,992 × read');
    expect(children(state)).toHaveLength(201);
  });

  it('is cut as text, and says so', () => {
    const text = outline(rootNodes([live(stuck({ requests: alike, rings }))]));
    expect(text.split('\n')).toHaveLength(20_002);
    expect(text).toMatch(/\n… cut after 20,000 rows\n$/);
  });

  it('finds the task of each row without a search', () => {
    const tasks = Array.from({ length: 5000 }, (_, n) => worker(10_000 + n));
    const requests = tasks.map(({ tid }) => exact({ worker: tid }));
    let searched = 0;
    const watched = new Proxy(tasks, {
      get: (list, key, self) => {
        if (key === 'find' || key === 'indexOf') searched++;
        return Reflect.get(list, key, self) as unknown;
      },
    });
    const rows = children(below(ringRows(stuck({ requests, tasks: watched })), '5,000 running'));
    for (const row of rows) expect(children(row).length).toBeGreaterThan(0);
    expect(searched).toBe(0);
  });
});

describe('ids of requests', () => {
  const ids = (requests: readonly Request[]) => everyId(ringRows(stuck({ requests })));

  it('are the same at the next look, whatever else comes, goes and grows old', () => {
    const look = (age: number, first: number) =>
      Array.from({ length: 20 }, (_, n) =>
        exact({ userData: '0x1', sequence: first + n, age, state: 'queued', worker: 4243 }),
      );
    const later = ids(look(3, 5)).filter((id) => /"0x1",(\d+)\D/.test(id));
    const stayed = later.filter((id) => Number(/"0x1",(\d+)\D/.exec(id)?.[1]) < 20);
    expect(stayed.length).toBeGreaterThan(15);
    const before = new Set(ids(look(1, 0)));
    expect(stayed.filter((id) => !before.has(id))).toEqual([]);
  });

  it('tell carried ones apart by their worker, where nothing else is known of them', () => {
    const { fd: _, path: __, ...bare } = read();
    const of = (...workers: number[]) => ids(workers.map((tid) => ({ ...bare, worker: tid })));
    const gone = new Set(of(4243, 4244, 4245));
    expect(
      of(4244, 4245)
        .filter((id) => id.includes('4244'))
        .every((id) => gone.has(id)),
    ).toBe(true);
  });

  it('are unlike for every row', () => {
    const all = ids(listed().requests);
    expect(new Set(all).size).toBe(all.length);
  });
});
