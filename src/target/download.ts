import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { Transform } from 'node:stream';

export interface DownloadLimits {
  /** Most bytes. */
  readonly bytes: number;
  /** Milliseconds until a server begins to answer, between two pieces of an answer, and for all. */
  readonly answer: number;
  readonly stall: number;
  readonly whole: number;
}

const MOST_REDIRECTS = 5;
/** Connections to one server at a time. */
const AT_ONCE = 4;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const agents = {
  'http:': new http.Agent({ maxSockets: AT_ONCE }),
  'https:': new https.Agent({ maxSockets: AT_ONCE }),
};

type Save = (body: NodeJS.ReadableStream, signal: AbortSignal) => Promise<void>;

/**
 * Hands the body of what lies at `url` to `save`. False where the server has nothing there, or something that is too big; rejects
 * where it does not answer, or stops to in the middle.
 */
export async function download(url: URL, limits: DownloadLimits, save: Save): Promise<boolean> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(new Error('it takes too long')), limits.whole);
  try {
    let at = url;
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
      const answer = await ask(at, limits.answer, stop.signal);
      const { statusCode = 0, headers } = answer;
      const to = REDIRECTS.has(statusCode) ? redirected(at, headers.location) : undefined;
      if (to) {
        answer.destroy();
        at = to;
        continue;
      }
      const isPlain = (headers['content-encoding'] ?? 'identity') === 'identity';
      if (statusCode !== 200 || !isPlain || Number(headers['content-length'] ?? 0) > limits.bytes) {
        answer.destroy();
        return false;
      }
      return await saved(answer, limits, save, stop.signal);
    }
    return false;
  } finally {
    clearTimeout(timer);
    stop.abort();
  }
}

function ask(url: URL, milliseconds: number, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const isPlain = url.protocol === 'http:';
    const request = (isPlain ? http : https).get(url, {
      agent: agents[isPlain ? 'http:' : 'https:'],
      signal,
      headers: { 'accept-encoding': 'identity', 'user-agent': 'io-uring-inspector' },
    });
    const timer = setTimeout(() => request.destroy(new Error('it does not answer')), milliseconds);
    request.on('response', (answer) => {
      clearTimeout(timer);
      resolve(answer);
    });
    request.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
  });
}

/** Where a redirect leads, but from https to http. */
function redirected(from: URL, location: string | undefined): URL | undefined {
  if (location === undefined || !URL.canParse(location, from.href)) return undefined;
  const to = new URL(location, from.href);
  if (to.protocol === 'https:') return to;
  return to.protocol === 'http:' && from.protocol === 'http:' ? to : undefined;
}

async function saved(
  answer: IncomingMessage,
  { bytes, stall }: DownloadLimits,
  save: Save,
  signal: AbortSignal,
): Promise<boolean> {
  let got = 0;
  const counted = new Transform({
    transform(piece: Buffer, _encoding, done) {
      got += piece.length;
      if (got > bytes) done(new TooBig());
      else done(null, piece);
    },
  });
  answer.setTimeout(stall, () => answer.destroy(new Error('it stopped in the middle')));
  answer.on('error', (error) => counted.destroy(error));
  answer.on('aborted', () => counted.destroy(new Error('it stopped in the middle')));
  answer.pipe(counted);
  try {
    await save(counted, signal);
    return true;
  } catch (error) {
    if (error instanceof TooBig) return false;
    throw error;
  } finally {
    answer.destroy();
  }
}

class TooBig extends Error {}
