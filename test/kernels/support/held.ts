import { expect } from 'vitest';
import { look } from '../../../src/inspect/look';
import type { Sample, Severity } from '../../../src/model/sample';
import { answerOf } from '../../real/support/inspect';
import type { Machine } from './machine';
import { must } from './mounts';
import { record } from './recorded';
import { startVictim, type Testing, type Victim } from './victim';

let given = 0;

export interface Held extends Victim {
  /** Lets it go on, and waits until that has got stuck. */
  go(): Promise<void>;
}

/** A victim that has opened its files and waits for a word before it does what gets it stuck. */
export async function startHeld(running: Testing, machine: Machine, words: readonly string[]): Promise<Held> {
  const word = `/tmp/go-${++given}`;
  const victim = await startVictim(running, machine, `env GO=${word}`, words);
  return { ...victim, go: () => must(machine, `touch ${word}; usleep 400000`) };
}

export interface Answer {
  readonly severity: Severity;
  /** Of the first finding, its sentence and what stands below it. */
  readonly says: readonly RegExp[];
  /** Of what to do. */
  readonly advises?: RegExp;
}

/** What the inspector says of a process, held to what is known of it; its stacks are recorded under that name. */
export async function expectAnswer(
  machine: Machine,
  pid: number,
  name: string,
  { severity, says, advises }: Answer,
): Promise<Sample> {
  const sample = await look(machine.target, pid);
  const first = answerOf(sample);
  const words = `${first.summary} ${first.explanation}`;
  for (const said of says) expect(words).toMatch(said);
  expect(first.severity, words).toBe(severity);
  if (advises) expect(first.remedy).toMatch(advises);
  record(machine.release, name, sample);
  return sample;
}
