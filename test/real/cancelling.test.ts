import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cancelling, type Ending } from '../../src/explain/cancelling';
import type { Request, Sample } from '../../src/model/sample';
import { actor } from './support/actor';
import { answerOf, inspect } from './support/inspect';
import { frozenFileSystem, mountHangfs } from './support/mounts';
import { type NeedName, skipUnless } from './support/rights';
import { nextLine, type Running, startVictim, type Victim } from './support/victim';

interface Scene {
  readonly scene: string;
  readonly state: Request['state'];
  /** Undefined: what the walk says decides. */
  readonly ending?: Ending;
  /** Name of the file on the FUSE server that hangs, or of the one on a frozen file system. */
  readonly fuse?: string;
  readonly frozen?: string;
  /** Also tried with a linked timeout. */
  readonly limited?: true;
}

const SCENES: readonly Scene[] = [
  { scene: 'polled', state: 'polling', ending: 'cancel', limited: true },
  { scene: 'opening', state: 'running', ending: 'cancel', limited: true },
  { scene: 'splicing', state: 'running', ending: 'cancel' },
  { scene: 'queued', state: 'queued', ending: 'cancel' },
  { scene: 'timer', state: 'timeout', ending: 'cancel' },
  { scene: 'limiting', state: 'timeout', ending: 'head' },
  { scene: 'futex', state: 'waiting', ending: 'cancel', limited: true },
  { scene: 'child', state: 'waiting', ending: 'cancel' },
  { scene: 'linked', state: 'linked', ending: 'head' },
  { scene: 'drained', state: 'drained', ending: 'head' },
  { scene: 'reading', state: 'running', ending: 'kill', fuse: 'hang1', limited: true },
  { scene: 'writing', state: 'running', ending: 'never', fuse: 'hang1' },
  { scene: 'handed-on', state: 'issued', ending: 'never', fuse: 'direct1', limited: true },
  { scene: 'writes-at-once', state: 'queued', fuse: 'hang1' },
  { scene: 'writes-in-turn', state: 'queued', ending: 'cancel', fuse: 'hang1', limited: true },
  { scene: 'writing', state: 'running', ending: 'never', frozen: 'data' },
];

const title = ({ scene, fuse, frozen }: Scene): string =>
  `${scene}${fuse ? ` on FUSE (${fuse})` : ''}${frozen ? ' on a frozen file system' : ''}`;

const CASES = SCENES.map((scene) => [title(scene), scene] as const);

interface Outcome {
  /** Result of the cancel, or of making the linked timeout expire. */
  readonly cancel: number;
  readonly ended: boolean;
  readonly result: number;
}

async function begin(running: Running, { scene, fuse, frozen }: Scene, words: readonly string[]) {
  const path = fuse
    ? join((await mountHangfs(running)).directory, fuse)
    : frozen && join(frozenFileSystem(running), frozen);
  return startVictim(running, actor('root'), 'cancel', [scene, ...words, ...(path ? [path] : [])]);
}

/** The request that the victim will cancel. */
function aimedAt(sample: Sample, { truth }: Victim): Request {
  const found = sample.requests.find(({ userData }) => userData === truth.target);
  if (!found) throw new Error(`no row of ${truth.target}`);
  return found;
}

async function outcomeOf(victim: Victim): Promise<Outcome> {
  const line = nextLine(victim);
  process.kill(victim.pid, 'SIGUSR1');
  return JSON.parse(await line) as Outcome;
}

/** Whether every task of the process is gone some milliseconds after SIGKILL. */
async function diesOf({ child }: Victim, within: number): Promise<boolean> {
  if (child.exitCode !== null || child.signalCode !== null) return true;
  const ended = new Promise<boolean>((resolve) => {
    child.once('exit', () => resolve(true));
    setTimeout(() => resolve(false), within);
  });
  child.kill('SIGKILL');
  return ended;
}

const needsOf = ({ fuse, frozen }: Scene): readonly NeedName[] => [
  'ioUring',
  'kernelMemory',
  ...(fuse ? (['fuse'] as const) : []),
  ...(frozen ? (['loop', 'freeze'] as const) : []),
];

// They wait most of their time.
describe.concurrent('what is said of cancelling is what the kernel does', () => {
  it.for(CASES)('%s', async ([, wanted], context) => {
    skipUnless(context, ...needsOf(wanted));
    const victim = await begin(context, wanted, []);
    const sample = await inspect(actor('root'), victim.pid);
    const request = aimedAt(sample, victim);
    const said = cancelling(sample, request);
    expect(request.state).toBe(wanted.state);
    if (wanted.ending) expect(said?.ending).toBe(wanted.ending);

    const { ended, result } = await outcomeOf(victim);

    expect({ ended }, `${said?.text}, result ${result}`).toEqual({ ended: said?.ending === 'cancel' });
    if (wanted.state === 'running') {
      const dies = said?.ending !== 'never';
      // What does die may be slow at it on a loaded machine.
      expect(await diesOf(victim, dies ? 10_000 : 1000)).toBe(dies);
      if (!ended) expect(answerOf(sample).explanation).toContain('It cannot be cancelled or timed out until');
    }
  });

  it.for(CASES.filter(([, { limited }]) => limited))(
    '%s, with a linked timeout',
    async ([, wanted], context) => {
      skipUnless(context, ...needsOf(wanted));
      const victim = await begin(context, wanted, ['limit']);
      const sample = await inspect(actor('root'), victim.pid);
      const request = aimedAt(sample, victim);
      const said = cancelling(sample, request);
      const starts =
        sample.requests.find(({ operation }) => operation === 'LINK_TIMEOUT')?.state === 'timeout';
      if (said?.ending === 'cancel') expect(said.text.includes('has not been started')).toBe(!starts);

      const { ended, cancel } = await outcomeOf(victim);

      // The kernel finds it only if it has been started.
      expect(cancel === 0).toBe(starts);
      expect({ ended }, `${said?.text}`).toEqual({ ended: said?.ending === 'cancel' && starts });
    },
  );
});
