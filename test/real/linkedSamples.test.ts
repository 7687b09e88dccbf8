import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { LinkThread } from '../../src/inspect/linkThread';
import { look } from '../../src/inspect/look';
import type { Sample, UserFrame } from '../../src/model/sample';
import { openLocal } from '../../src/target/local';
import { probePath } from '../../src/target/probePath';
import { startThread } from '../../src/target/workerThread';
import { ACTORS, type Actor, actor, actorMissing } from './support/actor';
import { inspect, run } from './support/inspect';
import { mountHangfs } from './support/mounts';
import { tasksOf, until } from './support/proc';
import { buildForDebugging, CHECKOUT } from './support/programs';
import { toRelease } from './support/releases';
import { skipUnless } from './support/rights';
import { type Running, startVictim, type Victim } from './support/victim';

const SOURCE = join(CHECKOUT, 'test/victims/file_scenes.c');
const READS = '4';

let programs = '';
let drop: () => void = () => undefined;
beforeAll(() => {
  programs = mkdtempSync(join(tmpdir(), 'inspect-linked-'));
  chmodSync(programs, 0o755);
  drop = toRelease(() => rmSync(programs, { recursive: true, force: true }));
  buildForDebugging(programs, 'ring_victim');
});
afterAll(() => drop());

/** The line at which `file_io` waits for what it has submitted. */
function waitingLine(): number {
  const lines = readFileSync(SOURCE, 'utf8').split('\n');
  const from = lines.findIndex((line) => line.startsWith('static void file_io('));
  return lines.findIndex((line, index) => index > from && line.includes('ring_wait(ring, count)')) + 1;
}

/** Reads of a FUSE file that is never answered, held in workers, waited for by a program that has debug information. */
async function stuckVictim(context: Running, who: Actor): Promise<Victim> {
  const { directory } = await mountHangfs(context);
  const args = ['file', `${directory}/hang-data`, 'read', READS];
  const victim = await startVictim(context, { ...who, programs }, 'ring_victim', args);
  const held = () => tasksOf(victim.pid).filter(({ state }) => state === 'D').length;
  await until(() => held() >= Number(READS), `${READS} workers of ${victim.pid} in state D`);
  return victim;
}

/** The frames of the program's own thread, as `file_io file_scenes.c:103`. */
function framesOf(sample: Sample, { pid }: Victim): string[] {
  const stack: readonly UserFrame[] = sample.tasks.find(({ tid }) => tid === pid)?.userStack ?? [];
  return stack.map(({ function: name, file = '', line }) => `${name} ${basename(file)}:${line}`);
}

describe.each(ACTORS)('as %s', (name) => {
  it('reads that hang are tied to the line that waits for them, in text, as JSON, saved and opened', async (context) => {
    const missing = actorMissing(name);
    if (missing !== undefined) context.skip(missing);
    skipUnless(context, 'ioUring', 'fuse');
    const who = actor(name);
    const victim = await stuckVictim(context, who);
    const pid = String(victim.pid);
    const place = `file_scenes.c:${waitingLine()}`;

    const saved = join(victim.directory, 'sample.json');
    const json = await run(who, pid, '--json', '--save', saved);
    const sample = JSON.parse(json.stdout) as Sample;
    expect(framesOf(sample, victim)).toEqual(
      expect.arrayContaining([`file_io ${place}`, expect.stringMatching(/^main ring_victim\.c:\d+$/)]),
    );
    const text = await run(who, pid, '--verbose');
    expect(text.stdout).toContain(`      file_io() at ${SOURCE}:${waitingLine()}\n`);
    const brief = await run(who, pid);
    expect(brief.stdout).toMatch(
      new RegExp(
        `The waiting code: \\w+\\(\\) at ring\\.c:\\d+\\s+←[^()]+\\(\\)[\\s\\S]+?file_io\\(\\)\\s+at\\s+file_scenes\\.c:${waitingLine()}\\s+\\(thread\\s+${pid}\\)\\.`,
      ),
    );
    const opened = await run(who, '--open', saved, '--verbose');
    expect(opened.stdout).toContain(`      file_io() at ${SOURCE}:${waitingLine()}\n`);

    const without = await run(who, pid, '--no-sources', '--json');
    expect(framesOf(JSON.parse(without.stdout) as Sample, victim)).toEqual([]);
  });
});

describe('in a thread of its own', () => {
  const clock = {
    setTimeout: (callback: () => void, milliseconds: number) => setTimeout(callback, milliseconds),
    clearTimeout: (handle: unknown) => clearTimeout(handle as NodeJS.Timeout),
  };
  const linkThread = (context: Running, megabytes: number): LinkThread => {
    const start = () => startThread(join(CHECKOUT, 'dist/links.js'), { role: 'links' }, megabytes);
    const thread = new LinkThread(start, clock);
    context.onTestFinished(() => thread.dispose());
    return thread;
  };
  const here = async (context: Running) => {
    const target = await openLocal(probePath(join(CHECKOUT, 'dist')));
    context.onTestFinished(() => target.dispose());
    return target;
  };

  it('a Sample is linked as on this one, and what stands still is not read again', async (context) => {
    skipUnless(context, 'ioUring', 'fuse');
    const who = actor('root');
    const victim = await stuckVictim(context, who);
    const [target, { link }] = [await here(context), linkThread(context, 512)];
    // Exact lines of what has its debug information in another file come after the first answer.
    let first: Sample | undefined;
    const late = (linked: Sample) => {
      first = linked;
    };
    const began = await look(target, victim.pid, { links: { link, late } });
    first ??= began;
    expect(first.notVisible.filter(({ what }) => what.includes('source'))).toEqual([]);
    expect(framesOf(first, victim)).toContain(`file_io file_scenes.c:${waitingLine()}`);
    const expected = framesOf(await inspect(who, victim.pid), victim);
    await vi.waitFor(() => expect(framesOf(first ?? began, victim)).toEqual(expected), {
      timeout: 30_000,
      interval: 50,
    });
    await sleep(300);
    const second = await look(target, victim.pid, { links: { link }, previous: first });
    const stack = ({ tasks }: Sample) => tasks.find(({ tid }) => tid === victim.pid)?.userStack;
    expect(stack(second)).toBe(stack(first));
  });

  it('the end of that thread is told once and costs no Sample', async (context) => {
    skipUnless(context, 'ioUring', 'fuse');
    const victim = await stuckVictim(context, actor('root'));
    const [target, { link }] = [await here(context), linkThread(context, 1)];
    const sample = await look(target, victim.pid, { links: { link } });
    expect(framesOf(sample, victim)).toEqual([]);
    expect(sample.findings).not.toEqual([]);
    const told = sample.notVisible.filter(({ what }) => what === 'where the program waits in its source');
    expect(told.map(({ why }) => why)).toEqual(['reading its binaries has failed: it needed more than 1 MB']);
  });
});
