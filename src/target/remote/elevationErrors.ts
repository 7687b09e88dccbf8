import { type ErrorCode, UserError } from '../../model/errors';
import type { RemoteEnd } from '../remoteHost';
import { wordsOf } from './remoteErrors';

type Method = 'sudo' | 'pkexec';

interface Meaning {
  readonly says: RegExp;
  readonly code: ErrorCode;
  readonly why: string;
  readonly remedy: string;
}

const RULE = 'Ask its administrator for a rule; the README has one that allows the probe alone.';
const AGAIN = 'Try again with the password of the account you are there.';

/** What sudo 1.8 to 1.9, sudo-rs and pkexec 0.105 to 126 say in the C locale, and what it means. */
const MEANINGS: readonly Meaning[] = [
  {
    says: /incorrect (password|authentication) attempt/,
    code: 'elevation-refused',
    why: 'The password was wrong each time.',
    remedy: AGAIN,
  },
  {
    says: /not in the sudoers file|may not run sudo|is not allowed to run sudo/,
    code: 'elevation-refused',
    why: 'The account is not in the sudoers file.',
    remedy: RULE,
  },
  {
    says: /is not allowed to execute|command not allowed|I'm afraid I can't do that/,
    code: 'elevation-refused',
    why: 'No rule of sudo allows this account to run it, or the rule names another digest.',
    remedy: `To use a rule for the probe alone, give the probe's path as it stands in the rule (probePath). ${RULE}`,
  },
  {
    says: /must have a tty/,
    code: 'elevation-refused',
    why: 'sudo wants a terminal (requiretty), and a terminal cannot carry the probe.',
    remedy: 'Add "Defaults!/usr/local/libexec/io-uring-probe !requiretty" to the sudoers.',
  },
  {
    says: /timed out reading password/,
    code: 'elevation-refused',
    why: 'The password was not given in time.',
    remedy: 'Try again.',
  },
  {
    says: /no password was provided|a password is required|terminal is required|no tty present|authentication is required/,
    code: 'elevation-refused',
    why: 'sudo got no password.',
    remedy: AGAIN,
  },
  {
    says: /no new privileges|nosuid|effective uid is not 0|must be setuid root/,
    code: 'elevation-refused',
    why: 'Nothing may become root there: the account or its container is kept from it (no_new_privs, nosuid).',
    remedy: 'Start the inspector as root, or outside of the container.',
  },
  {
    says: /account.*(expired|locked)|password has expired|account validation failure/i,
    code: 'elevation-refused',
    why: 'The account or its password has expired.',
    remedy: 'Set a new password there first.',
  },
  {
    says: /Request dismissed/,
    code: 'cancelled',
    why: 'The dialog was dismissed.',
    remedy: 'Try again.',
  },
  {
    says: /No authentication agent|Not authorized|Error executing command as another user|Error getting authority/,
    code: 'elevation-refused',
    why: 'The desktop has no dialog for the password there (no polkit, no agent), or its rules refuse it.',
    remedy: 'Use sudo.',
  },
];

export function elevationEnded(label: string, method: Method, end: RemoteEnd, complaint: string): UserError {
  const what = `The probe could not become root on ${label}.`;
  const words = wordsOf(complaint);
  const said = words === undefined ? '' : ` ${method} said: ${words}`;
  const known = MEANINGS.find(({ says }) => says.test(complaint));
  if (known) return new UserError(known.code, what, known.why + said, known.remedy);
  if (end.code === 127 && /^env: .*(No such file|not found|can't execute)/m.test(complaint)) {
    const other = method === 'sudo' ? 'Log in as root, or install sudo.' : 'Use sudo, or install pkexec.';
    return new UserError('elevation-missing', what, `There is no ${method}.${said}`, other);
  }
  const how = end.signal ? `was ended by ${end.signal}` : `ended with code ${end.code ?? '?'}`;
  return new UserError(
    'elevation-refused',
    what,
    `${method} ${how}.${said}`,
    `Try "${method} id" there by hand.`,
  );
}

export function elevationSilent(label: string, method: Method, limit: number, complaint: string): UserError {
  const words = wordsOf(complaint);
  return new UserError(
    'elevation-refused',
    `The probe could not become root on ${label}.`,
    `${method} did not answer within ${limit / 1000} s.${words === undefined ? '' : ` It said: ${words}`}`,
    `Try "${method} id" there by hand; it may ask for something else than a password.`,
  );
}

export function tooManyAttempts(label: string, attempts: number): UserError {
  return new UserError(
    'elevation-refused',
    `The probe could not become root on ${label}.`,
    `The password was wrong ${attempts} times.`,
    AGAIN,
  );
}
