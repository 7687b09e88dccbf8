import { UserError } from '../model/errors';
import type { Asker } from '../target/remoteHost';

/**
 * Runs work that has `limit` milliseconds, without those in which it asks the user something. Rejects with a UserError when
 * they are over, whatever the work does then; its signal says so.
 */
export async function patient<T>(
  asker: Asker,
  limit: number,
  work: (asker: Asker, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const abort = new AbortController();
  let left = limit;
  let asking = 0;
  let started = performance.now();
  let timer: NodeJS.Timeout | undefined;
  let expire: () => void = () => undefined;
  const over = new Promise<never>((_, reject) => {
    expire = () => {
      reject(tooSlow(limit));
      abort.abort();
    };
  });
  const go = () => {
    started = performance.now();
    timer = setTimeout(expire, Math.max(0, left));
  };
  const asked = async <A>(question: () => Promise<A>): Promise<A> => {
    if (asking++ === 0) {
      clearTimeout(timer);
      left -= performance.now() - started;
    }
    try {
      return await question();
    } finally {
      if (--asking === 0 && !abort.signal.aborted) go();
    }
  };
  go();
  try {
    const waiting: Asker = {
      secret: (question) => asked(() => asker.secret(question)),
      confirm: (question) => asked(() => asker.confirm(question)),
    };
    return await Promise.race([work(waiting, abort.signal), over]);
  } finally {
    clearTimeout(timer);
    asking = Number.POSITIVE_INFINITY;
  }
}

function tooSlow(limit: number): UserError {
  return new UserError(
    'host-unreachable',
    'It could not be listed.',
    `It did not answer within ${limit / 1000} s.`,
    'Try it alone, with --host NAME.',
  );
}
