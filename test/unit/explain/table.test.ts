import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { KernelFunction } from '../../../src/explain/functions/entry';
import { blockingFrame, KERNEL_FUNCTIONS } from '../../../src/explain/functions/table';
import { parseStack } from '../../../src/procfs/stack';
import { plainName } from '../../../src/ring/issueFunctions';
import { readTree } from '../../golden/tree';
import { readStacks } from '../../scoreboard/stacks';
import { stackOf } from '../samples';

/** Of scenarios that the scoreboard and the test machines have staged. */
const LIVE = ['scoreboard', 'kernels'].flatMap((place) =>
  readStacks(join(__dirname, '../..', place, 'stacks.txt')),
);

const blocking = (...names: string[]) => blockingFrame(stackOf(...names))?.function;

describe('the frame that says why', () => {
  it('is the file system’s, not the page cache’s below it', () => {
    expect(
      blocking('folio_wait_bit_common', 'filemap_get_pages', 'filemap_read', 'nfs_file_read', 'io_read'),
    ).toBe('nfs_file_read');
  });

  it('is the page cache’s where no file system stands further out', () => {
    expect(blocking('folio_wait_bit_common', 'filemap_get_pages', 'filemap_read', 'io_read')).toBe(
      'filemap_get_pages',
    );
  });

  it('is the primitive where nothing else is known', () => {
    expect(blocking('folio_wait_bit_common', 'something_new')).toBe('folio_wait_bit_common');
  });

  it('takes a write for a frozen file system only when it waits for the freeze lock', () => {
    expect(blockingFrame(stackOf('percpu_rwsem_wait', 'io_write'))?.entry.cause).toBe('frozen');
    expect(blockingFrame(stackOf('something_new', 'io_write'))).toBeUndefined();
  });

  it('looks through what the compiler appends to names', () => {
    expect(blocking('sigsuspend.isra.0', '__x64_sys_rt_sigsuspend')).toBe('sigsuspend.isra.0');
  });

  it('takes get_signal for the freezer only where nothing is called from it', () => {
    expect(blockingFrame(stackOf('schedule', 'get_signal', 'do_syscall_64'))?.entry.cause).toBe('stopped');
    expect(blockingFrame(stackOf('something_new', 'task_work_run', 'get_signal'))).toBeUndefined();
  });

  it('takes nobody for idle who is blocked in an unknown function', () => {
    expect(blocking('something_new', 'io_read', 'io_wq_submit_work', 'io_wq_worker')).toBeUndefined();
    expect(blocking('something_new', 'io_submit_sqes', 'io_sq_thread')).toBeUndefined();
    expect(blocking('something_new', 'io_submit_sqes', '__do_sys_io_uring_enter')).toBeUndefined();
    expect(blocking('io_wq_worker', 'ret_from_fork')).toBe('io_wq_worker');
  });

  it('is nothing for an empty or unknown stack', () => {
    expect(blocking()).toBeUndefined();
    expect(blocking('no_such_function')).toBeUndefined();
  });
});

describe('every recorded stack', () => {
  it.each(LIVE)('of $scenario has a frame that is known: $functions.0', ({ functions }) => {
    expect(blocking(...functions)).toBeDefined();
  });
});

describe('the table', () => {
  it('has each function once for one condition', () => {
    const keys = KERNEL_FUNCTIONS.flatMap(({ names, inside }) =>
      names.map((name) => `${name} inside ${inside ?? ''}`),
    );
    expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
  });

  it('speaks in sentences that can follow "it"', () => {
    for (const { text, advice } of KERNEL_FUNCTIONS) {
      expect(text).toMatch(/^(waits|is|sleeps)\b/);
      expect(text).not.toMatch(/[.\n]$/);
      expect(advice).toMatch(/[.a-zA-Z)T]$/);
    }
  });

  it('marks an entry as seen if and only if a recorded stack has one of its functions where it holds', () => {
    expect(LIVE.length).toBeGreaterThan(40);
    const recorded = LIVE.map(({ functions }) => functions.map(plainName));
    const cases = join(__dirname, '../../golden/cases');
    for (const name of readdirSync(cases)) {
      for (const file of readTree(readFileSync(join(cases, name, 'tree.txt'), 'utf8'))) {
        if (!file.path.endsWith('/stack')) continue;
        recorded.push(parseStack(file.content.toString()).map((frame) => plainName(frame.function)));
      }
    }
    const holds = ({ names, inside }: KernelFunction, stack: readonly string[]) =>
      stack.some(
        (name, at) =>
          names.includes(name) && (!inside || stack.slice(0, at).some((inner) => inside.includes(inner))),
      );
    const wrong = KERNEL_FUNCTIONS.filter(
      (entry) => entry.seen !== recorded.some((stack) => holds(entry, stack)),
    );
    expect(wrong.map((entry) => entry.names[0])).toEqual([]);
  });
});
