import { createServer, type ServerResponse } from 'node:http';
import { OPEN_METRICS_TYPE, openMetrics } from '../inspect/exports/openMetrics';
import { UserError } from '../model/errors';
import type { Sample } from '../model/sample';
import type { Listening } from './arguments';

/** Milliseconds for which one look answers all who ask. */
const FRESH = 1000;

export interface Served {
  readonly url: string;
  /** Settles when it was stopped; rejects with the look's UserError once the process is gone. */
  readonly ended: Promise<void>;
}

/**
 * Serves OpenMetrics at /metrics, a look for those who ask, at most one a second; `spent` = milliseconds of a processor that the probe
 * has taken. Rejects where it cannot listen.
 */
export async function serveMetrics(
  { address, port }: Listening,
  take: (previous?: Sample) => Promise<Sample>,
  stop: AbortSignal,
  spent: () => number | undefined = () => undefined,
): Promise<Served> {
  let last: { readonly at: number; readonly text: Promise<string> } | undefined;
  let previous: Sample | undefined;
  const text = async (): Promise<string> => {
    const started = performance.now();
    previous = await take(previous);
    const cost = (performance.now() - started) / 1000;
    const probe = spent();
    return openMetrics([{ sample: previous, cost, probe: probe === undefined ? undefined : probe / 1000 }]);
  };
  let gone: (error: unknown) => void = () => undefined;
  const server = createServer(({ method, url }, response) => {
    if (method !== 'GET' && method !== 'HEAD') return answer(response, 405, 'Only GET.\n');
    if (url !== '/metrics') return answer(response, 404, 'The numbers are at /metrics.\n');
    if (!last || performance.now() - last.at > FRESH) last = { at: performance.now(), text: text() };
    last.text.then(
      (body) => answer(response, 200, body, OPEN_METRICS_TYPE),
      (error: unknown) => {
        last = undefined;
        const known = error instanceof UserError;
        answer(response, 503, known ? `${error.what} ${error.why}\n` : 'The look has failed.\n');
        if (known && (error.code === 'process-gone' || error.code === 'no-such-process')) gone(error);
      },
    );
  });
  server.headersTimeout = 5000;
  server.requestTimeout = 10_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(address, port, error)));
    server.listen(port, address, resolve);
  });
  const bound = server.address();
  const at = typeof bound === 'object' && bound !== null ? bound.port : port;
  const ended = new Promise<void>((resolve, reject) => {
    const end = () => {
      server.close();
      server.closeAllConnections();
    };
    gone = (error) => {
      setImmediate(end);
      reject(error);
    };
    stop.addEventListener('abort', () => {
      end();
      resolve();
    });
  });
  return { url: `http://${address.includes(':') ? `[${address}]` : address}:${at}/metrics`, ended };
}

function answer(
  response: ServerResponse,
  code: number,
  body: string,
  type = 'text/plain; charset=utf-8',
): void {
  response.writeHead(code, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) }).end(body);
}

function cannotListen(address: string, port: number, { code = 'unknown' }: NodeJS.ErrnoException): UserError {
  const taken = code === 'EADDRINUSE';
  return new UserError(
    'usage',
    `No numbers can be served at ${address}:${port}.`,
    taken ? 'Another program listens there.' : `${code}.`,
    taken || code === 'EACCES' ? 'Choose another port.' : 'Give an address of this machine.',
  );
}
