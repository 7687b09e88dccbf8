import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { expect } from 'vitest';
import type { Finding, Sample } from '../../../src/model/sample';
import { isBlindSource } from '../../../src/source/blindSources';
import type { Actor } from './actor';

export interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line as `who`. Resolves whatever its exit code is; 60 s are its limit. */
export function run(who: Actor, ...args: readonly string[]): Promise<Answer> {
  if (!existsSync(who.cli)) throw new Error(`${who.cli} is missing: npm run build`);
  return new Promise((resolve) => {
    const options = {
      encoding: 'utf8' as const,
      timeout: 60_000,
      killSignal: 'SIGKILL' as const,
      maxBuffer: 256 * 1024 * 1024,
      cwd: '/',
      env: { PATH: '/usr/bin:/bin', NO_COLOR: '1' },
      ...(who.uid === undefined ? {} : { uid: who.uid, gid: who.gid ?? who.uid }),
    };
    execFile(who.node, [...(who.through ?? []), who.cli, ...args], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, stdout, stderr });
    });
  });
}

/** One Sample of a process, taken through the command line. */
export async function inspect(who: Actor, pid: number): Promise<Sample> {
  return sampleFrom(await run(who, String(pid), '--json'));
}

/**
 * The Sample that the command line has printed, without what it advises about programs that have no debug information: whether
 * they have any hangs on the machine.
 */
export function sampleFrom(answer: Answer): Sample {
  expect(answer, 'the inspection succeeds').toMatchObject({ code: 0, stderr: '' });
  const sample = JSON.parse(answer.stdout) as Sample;
  return { ...sample, notVisible: sample.notVisible.filter((row) => !isBlindSource(row)) };
}

/** The answer: the first finding. Fails the test when there is none. */
export function answerOf(sample: Sample): Finding {
  const [first] = sample.findings;
  if (first === undefined) throw new Error('the sample has no finding');
  return first;
}

/** No stack trace of ours, and at least one whole sentence; a command to run may follow. */
export function expectSentence(text: string): void {
  expect(text).not.toMatch(/^\s+at .*[(:]\d+/m);
  expect(text.trim()).toMatch(/^\S.{15,}[.!](\s|$)/s);
}
