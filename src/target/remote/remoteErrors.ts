import { type ErrorCode, UserError } from '../../model/errors';
import { printable } from '../../model/printable';
import type { Said } from './conversation';

/** Characters of a host's own words in an error. */
const WORDS = 200;

/** A host's words for people: one line, printable, cut; undefined where there are none. */
export function wordsOf(text: string): string | undefined {
  const line = text.replace(/\s+/g, ' ').trim();
  return line === '' ? undefined : printable(line, WORDS);
}

const OWN_PROBE = 'Put the probe there yourself and give its path (probePath).';

export function hostLost(label: string, why: string): UserError {
  return new UserError('host-lost', `The way to ${label} is lost.`, printable(why, WORDS), 'Try again.');
}

export function hostSilent(label: string, patience: number, said: string): UserError {
  const words = wordsOf(said);
  return new UserError(
    'host-silent',
    `${label} did not answer.`,
    `It started no command within ${patience / 1000} s.${words === undefined ? '' : ` It said: ${words}`}`,
    'Look whether a command such as "uname" works there; a login script may be waiting for input.',
  );
}

/** What shells and programs in a shell's place say, and what it means. */
const SHELLS: readonly {
  readonly says: RegExp;
  readonly why: string;
  readonly remedy: string;
  readonly code?: ErrorCode;
}[] = [
  {
    says: /\brestricted\b/i,
    why: 'The login shell is a restricted one (rbash), which may not start other programs.',
    remedy: 'Use an account with an ordinary shell.',
  },
  {
    says: /account is (currently )?not available|nologin/i,
    why: 'The account has no shell (nologin).',
    remedy: 'Use an account that may log in.',
  },
  {
    says: /git-shell|unrecognized command|interactive git shell/i,
    why: 'The account serves git alone (git-shell).',
    remedy: 'Use an account with an ordinary shell.',
  },
  {
    says: /sftp connections only/i,
    why: 'The account serves file transfers alone (internal-sftp).',
    remedy: 'Use an account that may run commands.',
  },
  {
    says: /is not recognized as (an internal|a name|the name)/i,
    why: 'It answers as Windows does, and io_uring exists on Linux only.',
    remedy: 'Inspect the Linux machine, or the WSL distribution, where the process runs.',
  },
  {
    says: /not a tty|not a terminal|input device is not/i,
    why: 'The command wants a terminal, and a terminal cannot carry the probe.',
    remedy: 'Leave out its option for a terminal: "docker exec -i", not "-it".',
  },
  {
    says: /^Host key verification failed/m,
    why: 'ssh does not trust the identity of the host, and asks on a terminal alone.',
    remedy:
      'Connect once with ssh in a terminal, and compare the fingerprint with what who runs the host tells you.',
    code: 'host-key',
  },
  {
    says: /^(\S+@\S+: )?Permission denied \(/m,
    why: 'ssh was not let in. Where it has no terminal it asks for nothing.',
    remedy: 'Try that ssh in a terminal; in the editor, load the key into an agent (ssh-add) first.',
    code: 'not-authenticated',
  },
  {
    says: /^(ssh: |kex_exchange_identification: |(Connection|Timeout)\b.*\b(closed|reset|timed out|refused|not responding))/m,
    why: 'ssh does not reach it.',
    remedy: 'Check the name and the network.',
    code: 'host-unreachable',
  },
  {
    says: /\bsh["'’]?:.*(not found|no such file)|no such file[^\n]*\bsh\b|\bsh"?[^\n]*executable file not found/i,
    why: 'There is no shell "sh".',
    remedy: 'Use an image with a shell, or inspect from the machine that runs the container.',
  },
];

/** The script's first word did not come. */
export function shellFailed(label: string, { noise, complaint, end }: Said): UserError {
  const what = `No command could be started on ${label}.`;
  const known = SHELLS.find(({ says }) => says.test(complaint) || says.test(noise));
  const words = wordsOf(`${complaint}\n${noise}`);
  const said = words === undefined ? '' : ` It said: ${words}`;
  if (known) return new UserError(known.code ?? 'host-shell', what, known.why + said, known.remedy);
  if (!end) {
    return new UserError(
      'host-shell',
      what,
      `It sends text without end instead of running it.${said}`,
      'A login script (.bashrc, banner) must print little where there is no terminal.',
    );
  }
  const how = end.signal
    ? `It was ended by ${printable(end.signal, 20)}.`
    : `It ended with code ${end.code ?? '?'}.`;
  return new UserError(
    'host-shell',
    what,
    how + said,
    'The account needs a shell that runs commands; try "uname" there by hand.',
  );
}

export function cancelled(): UserError {
  return new UserError('cancelled', 'It was cancelled.', 'You asked for it.');
}

/** The script, or what stands in its place, said what it never says. */
export function nonsense(label: string, line: string): UserError {
  return new UserError(
    'host-shell',
    `${label} answered what was not asked.`,
    `It said: ${wordsOf(line) ?? 'nothing'}`,
    'Look at what its login scripts do.',
  );
}

export function notLinuxThere(label: string, system: string): UserError {
  return new UserError(
    'not-linux',
    'io_uring exists on Linux only.',
    `${label} runs ${printable(system, 40)}.`,
    'Inspect the Linux machine where the process runs.',
  );
}

export function unsupportedMachine(label: string, machine: string): UserError {
  return new UserError(
    'host-unsupported',
    `There is no probe for ${label}.`,
    `It is a ${printable(machine, 40)}; the probe is built for x86_64 and aarch64.`,
    'Compile it there from src/probe (cc -O2 -static -o io-uring-probe probe.c) and give its path (probePath).',
  );
}

export function lacksTool(label: string, tool: string): UserError {
  return new UserError(
    'host-unsupported',
    `The probe cannot be brought to ${label}.`,
    `There is no ${tool}, by which it is put there and checked.`,
    `Install coreutils or busybox there. ${OWN_PROBE}`,
  );
}

export function hasTerminal(label: string): UserError {
  return new UserError(
    'host-shell',
    `The way to ${label} is a terminal.`,
    'A terminal changes bytes that pass, so it cannot carry the probe.',
    'Leave out the option for a terminal: "docker exec -i", not "-it".',
  );
}

/** Why a directory was of no use, and what that means. */
const PLACES = {
  noexec: 'programs may not be run from there (noexec)',
  full: 'the disk or the quota is full',
  readonly: 'it is on a read-only file system',
  denied: 'it may not be written to',
  link: 'it is a symbolic link',
  foreign: 'it belongs to somebody else',
  wide: 'others may write to it',
  failed: 'it could not be made',
} as const;
export type PlaceTrouble = keyof typeof PLACES;

export interface Place {
  readonly trouble: PlaceTrouble;
  readonly path: string;
}

export function isPlaceTrouble(text: string): text is PlaceTrouble {
  return Object.hasOwn(PLACES, text);
}

export function noPlace(label: string, places: readonly Place[]): UserError {
  const told = places.map(({ trouble, path }) => `${printable(path, 100)}: ${PLACES[trouble]}`);
  return new UserError(
    'host-no-place',
    `There is no place for the probe on ${label}.`,
    told.length > 0 ? `${told.join('; ')}.` : 'It has no home, no runtime directory and no /tmp.',
    `Make room, or allow programs in one of them. ${OWN_PROBE}`,
  );
}

export function damaged(label: string): UserError {
  return new UserError(
    'host-damaged',
    `The probe did not arrive whole on ${label}.`,
    'Its SHA-256 there is not the one it has here, so it was not run.',
    'Try again; if it stays so, something changes what is sent.',
  );
}

export function noProbeThere(label: string, path: string): UserError {
  return new UserError(
    'probe-missing',
    `The probe is missing on ${label}.`,
    `There is no program at ${printable(path)} that this user may run.`,
    'Correct the path (probePath), or leave it empty to have the probe uploaded.',
  );
}

/** It was found whole and did not become a probe. */
export function notStarted(label: string, why: string): UserError {
  return new UserError(
    'probe-failed',
    `The probe did not start on ${label}.`,
    printable(why, 400),
    'Look whether a security module (SELinux, fapolicyd, seccomp) keeps it from running there, and whether probePath is a probe.',
  );
}

/** Said of a path whose owner could put another program there between two looks. */
export function replaceable(label: string, path: string, by: string): UserError {
  return new UserError(
    'elevation-unsafe',
    `The probe on ${label} was not run as root.`,
    `${printable(path)} can be replaced by others than root (${printable(by, 100)}), who would then have root's rights.`,
    'Install it for root: sudo install -D -o root -g root -m 755 io-uring-probe /usr/local/libexec/io-uring-probe. ' +
      'Or name its digest (sha256:…) in the sudo rule.',
  );
}
