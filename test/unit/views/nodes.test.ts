import { describe, expect, it } from 'vitest';
import { outline } from '../../../src/views/node';
import { rootNodes, stateOf } from '../../../src/views/nodes';
import { below, children, everyId, rowsOf } from './rows';
import { behind, healthy, idle, linked, live, read, ring, stuck, worker } from './samples';

const missing = (): never => {
  throw new Error('the sample has a finding');
};

describe('the tree of a stuck process', () => {
  it('shows the answer first, then the proof', () => {
    const text = outline(rootNodes([live(stuck())]), (node) => node.expanded === true);
    const lines = text.split('\n');
    expect(lines[0]).toMatch(/^server \(4242\) {2}.*stuck/);
    expect(lines.slice(1).join('\n')).toMatchInlineSnapshot(`
      "  100 reads of /mnt/data/db wait for the FUSE server sshfs (812).
          Why  The server has not answered.
          What to do  Look at sshfs (812).
          Seen in (5)
        Activity
        Rings (1)
          ring 1 · fd 5  100 in flight · 8 listed
            8 running in workers  8 × read /mnt/data/db · 31 s
            92 not listed  queued or inside the kernel
            Queues and setup
        Blocked threads and workers (8 of 9)
          8 × io-wq worker  waits for the FUSE server's answer · READ · D · 31 s
        Other threads (1)
        Files and sockets (1)
        Not visible (1)
      "
    `);
  });

  it('shows the kernel stack below a worker and marks the frame it waits in', () => {
    const group = below(children(below(rowsOf(stuck()), 'Blocked')), '8 ×');
    const [first] = children(group);
    expect(first?.label).toBe('iou-wrk-4242 (4243)');
    expect(children(first).map(({ label }) => label)).toEqual([
      'request_wait_answer',
      'fuse_simple_request',
      'io_read',
      'io_wq_submit_work',
    ]);
    expect(children(first)[0]?.description).toBe('waits here · +0x115/0x2f0');
    expect(children(first)[1]?.description).toBe('+0x115/0x2f0');
  });

  it('tells where a thread is in its program, what is not its own paler, and why the stack ends', () => {
    const sample = linked();
    const thread = below(children(below(rowsOf(sample), 'Other threads')), 'server');
    const rows = children(thread).slice(-4);
    expect(rows.map(({ label, description, icon }) => [label, description, icon?.color])).toEqual([
      ['syscall', '/usr/lib/libc.so.6', 'disabledForeground'],
      ['wait_all', 'ring.h:7 · inlined · probable', undefined],
      ['serve', 'server.c:42', undefined],
      ['its stack ends here: memory was missing', undefined, undefined],
    ]);
    expect(rows[2]?.tooltip?.()).toContain('/src/server.c:42');
    const finding = below(rowsOf(sample), '100 reads');
    expect(below(children(finding), 'Where in the program').description).toBe(
      'The waiting code: probably wait_all() at ring.h:7 ← serve() at server.c:42 (thread 4242).',
    );
  });

  it('leads from a finding to what it was seen in', () => {
    const finding = below(rowsOf(stuck()), '100 reads');
    const seen = children(below(children(finding), 'Seen in'));
    expect(seen.map(({ label }) => label)).toEqual([
      'iou-wrk-4242 (4243)',
      'READ /mnt/data/db',
      'ring 1 · fd 5',
      'fd 6  /mnt/data/db',
      'block device sda',
    ]);
  });

  it('names what a finding points to when the sample does not hold it', () => {
    const [finding = missing()] = stuck().findings;
    const evidence = [{ task: 1 }, { request: 99 }, { ring: 9 }, { fd: 77 }];
    const rows = rowsOf(stuck({ findings: [{ ...finding, evidence }] }));
    const seen = children(below(children(below(rows, '100 reads')), 'Seen in'));
    expect(seen.map(({ label }) => label)).toEqual(['thread 1', 'request 99', 'ring 9', 'fd 77']);
  });

  it('folds all but the first findings into one row', () => {
    const [finding = missing()] = stuck().findings;
    const findings = Array.from({ length: 9 }, (_, n) => ({ ...finding, summary: `finding ${n}` }));
    const rows = rowsOf(stuck({ findings }));
    expect(rows.slice(0, 5).map(({ label }) => label)).toEqual([
      'finding 0',
      'finding 1',
      'finding 2',
      'finding 3',
      'More findings (5)',
    ]);
    expect(children(rows[4])).toHaveLength(5);
  });
});

describe('the tree of a healthy process', () => {
  it('says that nothing is wrong', () => {
    const text = outline(rowsOf(healthy()), () => false);
    expect(text).toMatchInlineSnapshot(`
      "Nothing is wrong
      Activity
      Rings (1)
      Threads and workers (1)
      Files and sockets (1)
      "
    `);
  });

  it('does not say so when it could not see everything', () => {
    const blind = healthy({ notVisible: [{ what: 'kernel stacks', why: 'needs CAP_SYS_ADMIN' }] });
    expect(rowsOf(blind)[0]?.label).toBe('Nothing found wrong, as far as can be seen');
  });
});

describe('tasks', () => {
  it('groups those that wait in the same place and keeps the others apart', () => {
    const fsync = worker(5, { operation: 'FSYNC' });
    const rows = rowsOf(stuck({ tasks: [worker(1), worker(2), worker(3), fsync, idle(6)] }));
    expect(children(below(rows, 'Blocked threads and workers (4 of 5)')).map(({ label }) => label)).toEqual([
      '3 × io-wq worker',
      'iou-wrk-4242 (5)',
    ]);
    expect(children(below(rows, 'Other threads (1)')).map(({ label }) => label)).toEqual(['server (6)']);
  });

  it('are coloured as the finding that points to them, an ordinary wait not at all', () => {
    const colors = (severity: 'critical' | 'warning' | 'info') => {
      const [finding = missing()] = stuck().findings;
      const rows = rowsOf(stuck({ findings: [{ ...finding, severity }] }));
      const [group] = children(below(rows, 'Blocked'));
      const requests = children(below(children(below(rows, 'Rings')), 'ring 1'))[0];
      return [group?.icon?.color, requests?.icon?.color];
    };
    expect(colors('critical')).toEqual(['list.errorForeground', 'list.errorForeground']);
    expect(colors('warning')).toEqual(['list.warningForeground', 'list.warningForeground']);
    expect(colors('info')).toEqual([undefined, undefined]);
  });

  it('does not call a thread blocked that has nothing to do', () => {
    const on = {
      function: 'ep_poll',
      subsystem: 'epoll',
      text: 'waits for an event',
      wake: 'interruptible',
    } as const;
    const rows = rowsOf(healthy({ tasks: [idle(1, { blockedOn: { ...on, idle: true } })] }));
    expect(below(rows, 'Threads and workers (1)').label).toBe('Threads and workers (1)');
  });

  it('says why a stack is missing', () => {
    const { kernelStack: _, ...blind } = worker(1);
    const [task] = children(below(rowsOf(stuck({ tasks: [blind] })), 'Blocked'));
    expect(children(task)[0]).toMatchObject({ label: 'Kernel stack not visible' });
  });
});

describe('states', () => {
  it('says when the picture is not of now', () => {
    const sample = stuck();
    const of = (more: Parameters<typeof live>[1]) => rootNodes([live(sample, more)])[0];
    expect(of({})?.context).toBe('inspection.live');
    const paused = of({ snapshot: { state: 'paused', sample } });
    expect(paused?.context).toBe('inspection.paused');
    expect(paused?.description).toMatch(/ · paused at \d\d:\d\d:\d\d$/);
    expect(of({ snapshot: { state: 'ended', sample } })?.description).toMatch(
      / · ended; as of \d\d:\d\d:\d\d$/,
    );
    const saved = of({ snapshot: { state: 'ended', sample }, savedAs: '/tmp/a.json' });
    expect(saved?.context).toBe('inspection.saved');
    expect(saved?.description).toMatch(/ · saved 2026-11-2\d \d\d:\d\d:\d\d$/);
  });

  it('shows a look under way, and a look that failed above what was seen before', () => {
    const starting = live(stuck(), { snapshot: { state: 'starting' } });
    expect(outline(rootNodes([starting]))).toBe('process 4242  looking…\n');
    expect(stateOf(starting)).toBe('live');
    const problem = { code: 'not-permitted', what: 'It may not be seen.', why: 'It is of root.' } as const;
    const [row] = rowsOf(stuck(), { snapshot: { state: 'live', sample: stuck(), problem } });
    expect(row).toMatchObject({
      label: 'It may not be seen.',
      description: 'It is of root. · below is what was seen before',
    });
  });
});

describe('ids', () => {
  it('are unique in the whole tree, even where rows are alike', () => {
    const twins = stuck({ rings: [ring(1), ring(1)], tasks: [worker(1), worker(1), worker(1)] });
    const ids = everyId(rootNodes([live(twins), live(twins, { key: 'sample-1', savedAs: 'x' })]));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('are the same at the next look, so that folds stay', () => {
    const later = stuck({ tasks: [worker(4243, { blocked: 99 }), ...stuck().tasks.slice(2), idle(4242)] });
    const now = new Set(everyId(rootNodes([live(stuck())])));
    const next = everyId(rootNodes([live(later)]));
    expect(next.filter((id) => !now.has(id))).toEqual([]);
  });

  it('cannot be forged by a name', () => {
    const requests = [
      read({ path: 'a/1:b', userData: '0x1' }),
      read({ path: 'a', userData: '0x1' }),
      read({ path: 'a","b', userData: '0x1' }),
    ];
    const ids = everyId(rootNodes([live(stuck({ requests }))]));
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('the page of a finding', () => {
  const pages = (tag: string) => {
    const [process] = rootNodes([live(stuck({ findings: stuck().findings.map((f) => ({ ...f, tag })) }))]);
    const [finding] = process?.children?.() ?? [];
    return finding?.children?.().flatMap(({ learnMore }) => learnMore ?? []);
  };

  it('opens from a row below it, where the finding is one of ours', () => {
    expect(pages('stuck-on-resource')).toEqual(['stuck-on-resource']);
    expect(pages('../../../etc/passwd')).toEqual([]);
  });
});

describe('hostile names', () => {
  const name = 'a\nb\u001b[31m<b>*x*</b>[l](command:evil) $(alert) `c` \u202e';

  it('stay one harmless row', () => {
    const process = { pid: 4242, name, command: [name] };
    const tasks = [worker(1, { name }), idle(2, { name, wchan: name })];
    const resources = [{ fd: 6, kind: 'file', path: name, fsType: name, mount: name, source: name }] as const;
    const requests = [read({ path: name, operation: name })];
    const notVisible = [{ what: name, why: name, remedy: name }];
    const text = outline(rootNodes([live(stuck({ process, tasks, resources, requests, notVisible }))]));
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
    expect(text).toContain('a\\x0ab\\x1b[31m');
  });

  it('mean nothing in a tooltip', () => {
    const process = { pid: 4242, name, command: [name] };
    const nodes = rootNodes([live(stuck({ process, tasks: [worker(1, { name })] }))]);
    const task = children(below(children(nodes[0]), 'Blocked'))[0];
    for (const text of [nodes[0]?.tooltip?.(), task?.tooltip?.()]) {
      const outside = (text ?? '').replace(/(`+) .*? \1/g, '');
      expect(outside).not.toMatch(/(?<!\\)\[l\]|<b>|[\u0000-\u0009\u001b]/);
      expect(outside).toContain('\\[l\\]\\(command\\:evil\\)');
    }
  });

  it('are cut when they are long', () => {
    const path = '/x'.repeat(100_000);
    const rows = rowsOf(stuck({ resources: [{ fd: 6, kind: 'file', path }] }));
    expect(children(below(rows, 'Files'))[0]?.label.length).toBeLessThan(300);
  });
});

describe('what stands behind files in the tree', () => {
  it('unfolds a disk down to what it stands on, and marks what is not well', () => {
    const devices = below(rowsOf(behind()), 'Block devices');
    const [volume, loop] = children(devices);
    expect(volume?.description).toBe('2 reads inside · none finished · an LVM volume (vg-data)');
    expect(children(volume).map(({ label }) => label)).toEqual(['sda']);
    expect(children(volume)[0]?.description).toContain('offline');
    expect(children(volume)[0]?.icon?.id).toBe('warning');
    expect(loop?.description).toContain('over /mnt/data/x.img (fuse.sshfs, served by sshfs (812)');
  });

  it('ends where devices of a saved sample claim to stand on each other', () => {
    const devices = [
      { name: 'dm-1', members: ['dm-2'] },
      { name: 'dm-2', members: ['dm-1'] },
    ];
    expect(outline(rowsOf(stuck({ devices }))).split('dm-1').length).toBeLessThan(30);
  });

  it('shows network mounts, awaited locks and who froze the cgroup', () => {
    const text = outline(rowsOf(behind()));
    expect(text).toMatch(/\/srv\/nfs {2}from 10\.9\.9\.1:\/x .*49 calls sent, 45 answered, 5 timeouts/);
    expect(text).toMatch(/\/mnt\/lv\/f .*holder \(12\) holds a write lock \(FLOCK, bytes 0-9\)/);
    expect(text).toMatch(/Cgroup \/a\/b: frozen by \/a/);
  });
});
