import { describe, expect, it } from 'vitest';
import { answer, statusText, stuckInAll } from '../../../src/views/answer';
import { healthy, live, stuck } from './samples';

const missing = (): never => {
  throw new Error('the sample has a finding');
};

describe('the answer above the tree', () => {
  it('is the first finding, with the name of the process where there are several', () => {
    expect(answer([live(stuck())])).toBe('100 reads of /mnt/data/db wait for the FUSE server sshfs (812).');
    const other = live(healthy({ process: { pid: 7, name: 'other', command: [] } }));
    expect(answer([other, live(stuck())])).toMatch(/^server \(4242\): 100 reads/);
  });

  it('is silent when there is nothing to answer', () => {
    expect(answer([])).toBeUndefined();
    expect(answer([live(healthy())])).toBeUndefined();
  });

  it('is the most severe of several processes', () => {
    const [finding = missing()] = stuck().findings;
    const info = stuck({ findings: [{ ...finding, severity: 'info', summary: 'waits for a client' }] });
    expect(answer([live(info), live(stuck())])).toContain('100 reads');
  });
});

describe('the status bar', () => {
  it('is hidden while nothing is followed', () => {
    expect(statusText([])).toBeUndefined();
    expect(statusText([live(stuck(), { savedAs: 'a.json' })])).toBeUndefined();
    expect(statusText([live(stuck(), { snapshot: { state: 'ended', sample: stuck() } })])).toBeUndefined();
  });

  it('counts what is stuck in all processes that are followed', () => {
    const two = [live(stuck()), live(stuck(), { key: 'process-2' })];
    expect(stuckInAll(two)).toBe(200);
    expect(statusText(two)?.text).toBe('io_uring: 200 stuck');
    expect(statusText(two)?.tooltip.split('\n')).toHaveLength(2);
    expect(statusText([live(healthy())])?.text).toBe('io_uring: nothing stuck');
  });

  it('never says that nothing is stuck when a finding without a count does', () => {
    const [{ stuck: _, ...finding } = missing()] = stuck().findings;
    expect(statusText([live(stuck({ findings: [finding] }))])?.text).toBe('io_uring: stuck');
    const warning = { ...finding, severity: 'warning' } as const;
    expect(statusText([live(stuck({ findings: [warning] }))])?.text).toBe('io_uring: needs a look');
    const ordinary = { ...finding, severity: 'info' } as const;
    expect(statusText([live(stuck({ findings: [ordinary] }))])?.text).toBe('io_uring: 100 waiting');
  });

  it('says that it is paused', () => {
    const paused = live(healthy(), { snapshot: { state: 'paused', sample: healthy() } });
    expect(statusText([paused])?.text).toBe('io_uring: nothing stuck (paused)');
    expect(statusText([paused])?.tooltip).toMatch(/paused$/);
  });
});
