/** A test that runs inside the editor's extension host. */
export interface Test {
  readonly name: string;
  run(): Promise<void> | void;
}

/** Thrown by a test that cannot run here; the message is the reason. */
export class Skip extends Error {}

/** One line of the file the results go to; read by test/editor/extensionHost.mjs. */
export interface Result {
  readonly name: string;
  readonly outcome: 'ok' | 'skip' | 'fail';
  readonly seconds: number;
  readonly reason?: string;
}

/** Milliseconds one test may take. */
const LIMIT = 90_000;

export async function runTest({ name, run }: Test): Promise<Result> {
  const started = performance.now();
  const result = (outcome: Result['outcome'], reason?: string): Result => ({
    name,
    outcome,
    seconds: (performance.now() - started) / 1000,
    ...(reason === undefined ? {} : { reason }),
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`did not end within ${LIMIT / 1000} s`)), LIMIT);
  });
  try {
    await Promise.race([Promise.resolve(run()), late]);
    return result('ok');
  } catch (error) {
    if (error instanceof Skip) return result('skip', error.message);
    return result('fail', error instanceof Error ? (error.stack ?? error.message) : String(error));
  } finally {
    clearTimeout(timer);
  }
}

/** Tries `look` until it answers something; the name of what was waited for stands in the error. */
export async function eventually<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  limit = 30_000,
): Promise<T> {
  const deadline = performance.now() + limit;
  for (;;) {
    const answer = await look();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > deadline) throw new Error(`not seen within ${limit / 1000} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
