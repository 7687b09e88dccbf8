import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gdbStacks } from './support/gdb';
import { compile, stackProgram } from './support/stackPrograms';
import { asleep, compare, has, hasGdb, StackStage, USERS } from './support/stackStage';

/** Programs of each build; more by hand: STACKS=150 npx vitest run --project real test/real/userStacksMany.test.ts */
const PROGRAMS = Number(process.env['STACKS'] ?? 1);
const THREADS = 12;
/** Milliseconds for one program. */
const EACH = 20_000;

/** gdb has the truth of each: where the program has no unwind tables, from its debug information. */
const BUILDS: readonly (readonly [string, string])[] = [
  ['gcc', '-O0'],
  ['gcc', '-O2'],
  ['gcc', '-O2 -fno-omit-frame-pointer'],
  ['gcc', '-O2 -fcf-protection=none'],
  ['gcc', '-O1 -fstack-protector-all'],
  ['gcc', '-O2 -static-pie'],
  ['gcc', '-O2 -g -fno-asynchronous-unwind-tables'],
  ['gcc', '-O0 -g -fno-asynchronous-unwind-tables -static'],
  ['clang', '-O0'],
  ['clang', '-O2'],
  ['clang', '-O2 -g -fno-asynchronous-unwind-tables'],
  ['musl-gcc', '-O2'],
];
const ONLY = process.env['BUILDS']?.split(',').map(Number);

let stage: StackStage;
beforeAll(async () => {
  stage = await StackStage.open();
});
afterAll(() => stage.close());

describe('no frame of a generated program is called proven and wrong', () => {
  it.for(BUILDS.filter((_, index) => ONLY?.includes(index) ?? true))(
    'of %s %s',
    { timeout: EACH * PROGRAMS + 40_000, retry: 0 },
    async ([compiler, flags], context) => {
      if (!hasGdb) context.skip('needs gdb (apt-get install gdb)');
      if (!has(compiler)) context.skip(`needs ${compiler}`);
      const wrong: string[] = [];
      const counts = { threads: 0, proven: 0, probable: 0, probableWrong: 0, whole: [0, 0] };
      for (let seed = 1; seed <= PROGRAMS; seed++) {
        const source = stackProgram(seed * 7919, THREADS);
        const program = compile('stacks', source, compiler, flags.split(' '));
        const pid = await asleep(context, program, [], THREADS + 1);
        const stacks = await Promise.all(USERS.map((user) => stage.stacks(context, user, pid)));
        const truth = gdbStacks(pid);
        process.kill(pid, 'SIGKILL');
        stacks.forEach((some, user) => {
          const found = compare(some, truth);
          wrong.push(...found.provenWrong.map((frame) => `seed ${seed}, ${USERS[user]}: ${frame}`));
          counts.threads += found.threads;
          counts.proven += found.proven;
          counts.probable += found.probable;
          counts.probableWrong += found.probableWrong;
          counts.whole[user] = (counts.whole[user] ?? 0) + found.whole;
        });
      }
      if (PROGRAMS > 1) process.stderr.write(`${compiler} ${flags}: ${JSON.stringify(counts)}\n`);
      expect(wrong).toEqual([]);
      expect(counts.threads).toBe(PROGRAMS * (THREADS + 1) * 2);
      expect(counts.proven).toBeGreaterThan(0);
    },
  );
});
