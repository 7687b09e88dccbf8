import type { Connection } from '../connection';
import type { RemoteCommand, RemoteEnd } from '../remoteHost';
import { wordsOf } from './remoteErrors';

/** Milliseconds a probe has to end by itself once its stdin is closed. */
const FAREWELL = 1000;

/** The streams of a command that has become the probe. */
export function probeConnection(command: RemoteCommand): Connection {
  let complaint = '';
  command.errors.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString('utf8')).slice(0, 2000);
  });
  const ended = command.ended.then((end) => {
    const said = wordsOf(complaint);
    return said !== undefined ? `${howItEnded(end)} It said: ${said}` : howItEnded(end);
  });
  let closed = false;
  const close = () => {
    if (closed) return;
    closed = true;
    command.input.end();
    const timer = setTimeout(() => command.kill(), FAREWELL);
    timer.unref();
    void command.ended.then(() => clearTimeout(timer));
  };
  return { input: command.input, output: command.output, ended, close };
}

function howItEnded({ code, signal, lost }: RemoteEnd): string {
  if (lost !== undefined) return `The way to the host is lost: ${wordsOf(lost) ?? 'nobody says why'}`;
  return signal ? `It was ended by ${wordsOf(signal)}.` : `It ended with code ${code ?? '?'}.`;
}
