import { randomBytes } from 'node:crypto';
import type { Asker, RemoteCommand, RemoteHost } from '../remoteHost';
import { Verdict } from '../verdict';
import { Conversation } from './conversation';
import { elevationEnded, elevationSilent, tooManyAttempts } from './elevationErrors';
import { cancelled, hostLost, nonsense } from './remoteErrors';
import { markerOf } from './script';
import { quote, SCRIPT_READER, scriptInput } from './shell';

/** How the probe becomes root. */
export interface Elevation {
  readonly method: 'sudo' | 'pkexec';
  /** Is asked for sudo's password; pkexec asks the user itself. */
  readonly asker: Asker;
}

export interface ElevationOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds that sudo may be silent. Default 15 s. */
  readonly patience?: number;
}

const ATTEMPTS = 3;
/** Milliseconds for the user to answer pkexec's own dialog. */
const DIALOG = 180_000;

/** What is put before a command's words. sudo says `prompt` on stderr when it wants the password on stdin. */
export function elevationCommand({ method }: Elevation, prompt: string): string {
  return method === 'sudo' ? `env LC_ALL=C sudo -S -p ${quote(prompt)} --` : 'env LC_ALL=C pkexec';
}

/**
 * The same host with root's shell: sudo must allow `sh`. What is uploaded through it lies where root alone may write, so nobody
 * else can put another program in its place. Closing it leaves `host` open.
 */
export function elevate(host: RemoteHost, elevation: Elevation, options: ElevationOptions = {}): RemoteHost {
  const commands = new Set<RemoteCommand>();
  return {
    label: host.label,
    lost: host.lost,
    run: async (line) => {
      const command = await runAsRoot(host, line, elevation, options);
      commands.add(command);
      void command.ended.then(() => commands.delete(command));
      return command;
    },
    close: () => {
      for (const command of commands) command.kill();
    },
  };
}

async function runAsRoot(
  host: RemoteHost,
  line: string,
  elevation: Elevation,
  options: ElevationOptions,
): Promise<RemoteCommand> {
  const nonce = randomBytes(8).toString('hex');
  const prompt = `${markerOf(nonce)} password`;
  const shell = `sh -c ${quote(`echo @inspect-${nonce} root; ${SCRIPT_READER}`)}`;
  const command = await host.run(SCRIPT_READER);
  const talk = new Conversation(command, markerOf(nonce), host.label);
  try {
    talk.write(
      scriptInput(`m=@inspect-; echo "$m"${nonce} ask
if [ "$(id -u)" = 0 ]; then exec ${shell}; fi
exec ${elevationCommand(elevation, prompt)} ${shell}`),
    );
    const { patience = 15_000, signal } = options;
    const word = await talk.next(host.patience ?? patience, signal);
    if (word !== 'ask') throw nonsense(host.label, word);
    await passElevation(talk, host.label, elevation, prompt, options);
    const root = await talk.next(patience, signal);
    if (root !== 'root') throw nonsense(host.label, root);
    talk.write(scriptInput(line));
    return talk.release();
  } catch (error) {
    command.kill();
    throw options.signal?.aborted ? cancelled() : error;
  }
}

/**
 * Resolves when what sudo or pkexec runs has said its first bytes. The password goes to stdin, once sudo has said `prompt`, and
 * nowhere else. Rejects with a UserError.
 */
export async function passElevation(
  talk: Conversation,
  label: string,
  { method, asker }: Elevation,
  prompt: string,
  { signal, patience = 15_000 }: ElevationOptions,
): Promise<void> {
  const limit = method === 'sudo' ? patience : Math.max(patience, DIALOG);
  let verdict: Verdict | undefined;
  const over = new AbortController();
  try {
    for (let attempt = 0; ; attempt++) {
      const state = await passedOrAsked(talk, label, method, prompt, limit, signal);
      verdict?.give(state === 'passed');
      if (state === 'passed') return;
      if (attempt === ATTEMPTS) throw tooManyAttempts(label, attempt);
      verdict = new Verdict();
      const question = {
        kind: 'sudo',
        text: `Password for sudo on ${label}`,
        key: `sudo password ${label}`,
        again: attempt > 0,
        hidden: true,
        right: verdict.right,
        over: over.signal,
      } as const;
      const answer = await Promise.race([asker.secret(question), talk.command.ended, aborted(signal)]);
      if (answer === undefined) throw cancelled();
      // One line: what follows would be read by the command that sudo starts.
      if (typeof answer === 'string') talk.write(`${answer.split(/[\r\n]/, 1)[0]}\n`);
    }
  } finally {
    verdict?.give(false);
    over.abort();
  }
}

/** Resolves, with nothing, once the signal says so. */
function aborted(signal: AbortSignal | undefined): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal?.aborted) resolve(undefined);
    signal?.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}

async function passedOrAsked(
  talk: Conversation,
  label: string,
  method: Elevation['method'],
  prompt: string,
  limit: number,
  signal: AbortSignal | undefined,
): Promise<'passed' | 'asked'> {
  for await (const _ of talk.changes(limit, signal)) {
    if (talk.hasOutput) return 'passed';
    const { end, complaint } = talk.said;
    if (end?.lost !== undefined) throw hostLost(label, end.lost);
    if (end) throw elevationEnded(label, method, end, complaint);
    if (method === 'sudo' && talk.takePrompt(prompt)) return 'asked';
  }
  throw elevationSilent(label, method, limit, talk.said.complaint);
}
