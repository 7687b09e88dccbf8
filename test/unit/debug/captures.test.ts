import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { look } from '../../../src/inspect/look';
import type { Sample } from '../../../src/model/sample';
import { parseSample, serialize } from '../../../src/sample/savedSample';
import { openDirectory } from '../../../src/target/directory';
import { readTree, unpackTree } from '../../golden/tree';
import { behind, linked, listed, older, stuck } from '../views/samples';
import { attached, sessionOf } from './scripted';
import { walk } from './walk';

const CASES = join(__dirname, '../../golden/cases');
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

describe('a recorded process', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'debug-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const sampleOf = (name: string): Promise<Sample> => {
    const files = readTree(readFileSync(join(CASES, name, 'tree.txt'), 'utf8'));
    unpackTree(files, join(folder, name));
    const meta = files.find(({ path }) => path === 'meta')?.content.toString() ?? '';
    return look(openDirectory(join(folder, name)), Number(/^pids: (\d+)/m.exec(meta)?.[1]));
  };

  it.each([
    ['fuse-read-hang', /STUCK: waits for a page of the file/],
    ['worker-exhausted', /io-wq worker iou-wrk-\d+ \(\d+\) · STUCK: /],
    ['sqpoll-idle-pending', /SQPOLL thread iou-sqp-\d+ \(\d+\)/],
    ['cq-overflow', /^ring 1 \(fd \d+\) · \d+ in flight$/],
    ['disk-fio-libaio', /STUCK: waits in io_getevents/],
    ['vm-6.1.0-fixed-files', /^ring 1 \(fd \d+\) · 2 in flight$/],
    ['node-default', /MainThread|node/],
    ['freeze-ext4-mixed', /STUCK: .*frozen|STUCK: .*thaw/],
    ['linktimeout-async-fifo', /STUCK|in flight/],
    ['timeout-only', /in flight/],
  ])('%s is shown, and all that is below it', async (name, says) => {
    const sample = await sampleOf(name);
    const { client, stop } = await attached(sample, false);
    const { threads } = await client.ask('threads');
    const names: string[] = threads.map((thread: { name: string }) => thread.name);
    expect(names).toContainEqual(expect.stringMatching(says));
    expect(threads.some(({ id }: { id: number }) => id === stop.body.threadId)).toBe(true);
    expect(client.output).toContain(sample.findings[0]?.summary ?? 'nothing stuck');
    const walked = await walk(client);
    expect(walked.failures).toEqual([]);
    expect(walked.threads).toBe(sample.rings.length + sample.tasks.length + (sample.aio?.length ?? 0));
    expect(walked.rows).toBeGreaterThan(20);
    expect(walked.texts.filter((text) => UNSAFE.test(text) || text.includes('cannot be shown'))).toEqual([]);
    expect(walked.texts.filter((text) => /undefined|NaN|\[object/.test(text))).toEqual([]);
  });
});

describe('text of the target', () => {
  const EVIL = '\u001b[31m\u202eevil\n{x}\r';

  /** Every text of a Sample that a target chooses. */
  function hostile(value: unknown, key = ''): unknown {
    if (Array.isArray(value)) return value.map((item) => hostile(item, key));
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, hostile(item, name)]));
    const chosen = [
      'name',
      'path',
      'command',
      'function',
      'file',
      'value',
      'mount',
      'source',
      'text',
      'binary',
    ];
    return typeof value === 'string' && chosen.includes(key) ? `${value}${EVIL}` : value;
  }

  it.each([
    ['of requests and files', listed()],
    ['of frames and origins', linked()],
    ['of servers and disks', behind()],
    ['of Linux AIO', older()],
  ])('%s forges no line and colours nothing', async (_, sample) => {
    const { client } = await attached(hostile(sample) as Sample, false);
    const walked = await walk(client, { frames: 6, levels: 3, rows: 1500 });
    expect(walked.failures).toEqual([]);
    expect(walked.texts.filter((text) => UNSAFE.test(text))).toEqual([]);
    expect(walked.texts.some((text) => text.includes('\\x1b[31m'))).toBe(true);
  });
});

const junk = fc.constantFrom<unknown>(null, 0, -1, 1e300, 'x', '', [], {}, [null], [{}], true);

function places(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  const below = Object.entries(value).flatMap(([key, item]) => places(item, [...path, key]));
  return path.length === 0 ? below : [path, ...below];
}

function replaced(value: unknown, [key, ...rest]: readonly string[], by: unknown): unknown {
  if (key === undefined) return by;
  const copy = Array.isArray(value) ? [...value] : { ...(value as object) };
  Reflect.set(copy, key, replaced(Reflect.get(copy, key), rest, by));
  return copy;
}

describe('a damaged sample', () => {
  it.each([
    ['with what /proc tells', stuck()],
    [
      'with requests in every state',
      listed({ requests: listed().requests.filter((_, n) => n < 2 || n > 97) }),
    ],
    ['with contexts of Linux AIO', older()],
    ['with links to the source', { ...linked(), devices: [], resources: [] }],
    ['with what stands behind files', { ...behind(), tasks: [], findings: [] }],
  ])('%s is refused or shown as far as it goes; every request has its answer', async (_, undamaged) => {
    const whole: unknown = JSON.parse(serialize(undamaged));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...places(whole)), junk, async (path, by) => {
        let sample: Sample;
        try {
          sample = parseSample(JSON.stringify(replaced(whole, path, by)));
        } catch {
          return;
        }
        const { client, services } = sessionOf(undefined);
        services.saved = sample;
        await client.ask('initialize', {});
        await client.ask('attach', { sample: 'a.json' });
        await client.ask('configurationDone');
        await client.ask('threads');
        expect(client.named('stopped')).toHaveLength(1);
        const { failures } = await walk(client, { frames: 3, levels: 3, rows: 300 });
        expect(failures.filter((one) => !one.includes('This part cannot be shown'))).toEqual([]);
        expect(client.unanswered).toBe(0);
        await client.ask('disconnect');
      }),
      { numRuns: 25 },
    );
  });
});
