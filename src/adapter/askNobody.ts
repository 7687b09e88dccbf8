import { type HostId, hostName } from '../inspect/hostId';
import { type ErrorCode, UserError } from '../model/errors';
import { printable } from '../model/printable';
import type { Asker } from '../target/remoteHost';

/** A question that was declined, because nobody is there to answer it. */
interface Declined {
  readonly kind: 'password' | 'passphrase' | 'code' | 'sudo' | 'trust';
  readonly text: string;
}

const REMEDIES: Readonly<Record<Declined['kind'], string>> = {
  password: 'Log in with a key that an SSH agent holds, or inspect in the editor, which asks.',
  passphrase: 'Load the key into an SSH agent first: ssh-add.',
  code: 'Log in with a key that an SSH agent holds, or inspect in the editor, which asks.',
  sudo: 'Let sudo start the probe without a password (README, “Root’s rights through sudo”), or run the debug adapter as root.',
  trust: 'Connect once with ssh and check the key there: it is remembered in ~/.ssh/known_hosts.',
};

const CODES: Readonly<Record<Declined['kind'], ErrorCode>> = {
  password: 'not-authenticated',
  passphrase: 'not-authenticated',
  code: 'not-authenticated',
  sudo: 'elevation-refused',
  trust: 'host-key',
};

const LONGEST = 300;

/**
 * Opens a host for a client that has no terminal to ask in: every question is declined. Where that was the reason why it could not
 * be opened, the error names the last question and the way around it.
 */
export async function askingNobody<T>(id: HostId, open: (asker: Asker) => Promise<T>): Promise<T> {
  let declined: Declined | undefined;
  const asker: Asker = {
    secret: ({ kind, text }) => {
      declined = { kind, text };
      return Promise.resolve(undefined);
    },
    confirm: ({ text }) => {
      declined = { kind: 'trust', text };
      return Promise.resolve(false);
    },
  };
  try {
    return await open(asker);
  } catch (error) {
    if (declined) throw unanswered(id, declined);
    throw error;
  }
}

function unanswered(id: HostId, { kind, text }: Declined): UserError {
  const asked = printable(text, LONGEST).replace(/[:.?\s]*$/, '');
  const why = `It asks: “${asked}”, and a debug adapter has no terminal to ask you in.`;
  return new UserError(CODES[kind], `${hostName(id)} needs an answer from you.`, why, REMEDIES[kind]);
}
