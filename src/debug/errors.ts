import type { DebugProtocol } from '@vscode/debugprotocol';
import { type InspectionProblem, problemOf } from '../inspect/problem';
import { UserError } from '../model/errors';
import { printable } from '../model/printable';

type Code = InspectionProblem['code'];

/** The id of each error: kept for ever, because clients and their users' searches refer to them. */
export const ERROR_IDS: Readonly<Record<Code, number>> = {
  internal: 1000,
  'bad-pid': 1001,
  'no-such-process': 1002,
  'process-gone': 1003,
  'kernel-thread': 1004,
  zombie: 1005,
  'not-permitted': 1006,
  'not-a-capture': 1007,
  'not-a-sample': 1008,
  'newer-sample': 1009,
  'file-unreadable': 1010,
  'file-unwritable': 1011,
  'probe-missing': 1012,
  'probe-failed': 1013,
  'probe-gone': 1014,
  'not-linux': 1015,
  'host-lost': 1016,
  'host-silent': 1017,
  'host-shell': 1018,
  'host-unsupported': 1019,
  'host-no-place': 1020,
  'host-damaged': 1021,
  'command-failed': 1022,
  'elevation-missing': 1023,
  'elevation-refused': 1024,
  'elevation-unsafe': 1025,
  'host-config': 1026,
  'host-unreachable': 1027,
  'host-key': 1028,
  'not-authenticated': 1029,
  'needs-ssh': 1030,
  'host-refused': 1031,
  'kernel-tree': 1032,
  cancelled: 1033,
  usage: 1034,
  'several-processes': 1035,
  'debug-configuration': 1036,
  'debug-unsupported': 1037,
  'debug-unknown': 1038,
  'debug-saved': 1039,
  'not-traceable': 1040,
};

export interface ErrorAnswer {
  /** What clients that read no `error` show; `cancelled` is a word of the protocol. */
  readonly message: string;
  readonly error: DebugProtocol.Message;
}

/** An error as a response carries it. `quiet` = the client is not to show it by itself. */
export function errorAnswer(error: unknown, quiet = false): ErrorAnswer {
  const { code, ...words } = problemOf(error, 'The debug adapter has failed.');
  const text = problemSentence(words);
  return {
    message: code === 'cancelled' ? 'cancelled' : text,
    error: {
      id: ERROR_IDS[code] ?? ERROR_IDS.internal,
      // Braces in a format name variables.
      ...(/[{}]/.test(text) ? { format: '{_text}', variables: { _text: text } } : { format: text }),
      showUser: !quiet && code !== 'cancelled',
    },
  };
}

/** What, why and what to do, in a row. */
export function problemSentence({ what, why, remedy }: Omit<InspectionProblem, 'code'>): string {
  return printable([what, why, remedy].filter(Boolean).join(' '));
}

export function cancelled(what: string): UserError {
  return new UserError('cancelled', what, 'It was cancelled.');
}

/** Nothing is inspected yet, or no more. */
export function nothingAttached(): UserError {
  return new UserError(
    'debug-unknown',
    'Nothing is inspected in this session.',
    'It has not been attached to a process, or that has ended.',
    'Start the session anew.',
  );
}

/** A reference of an earlier picture, or of none. */
export function staleReference(what: string): UserError {
  return new UserError(
    'debug-unknown',
    `This ${what} is not known any more.`,
    'It belongs to a picture that a newer one has replaced.',
    'Ask for the threads and their stacks again.',
  );
}

/** What a debugger that only reads cannot do. */
export function refused(what: string): UserError {
  return new UserError(
    'debug-unsupported',
    what,
    'io_uring Inspector only looks: the process is never stopped, stepped or changed.',
    'Use “continue” for the newest picture, “pause” to freeze it.',
  );
}

/** What stands for a part of a Sample that holds what no look finds. */
export function unshowableText(error: unknown): string {
  const why = error instanceof Error ? error.message : String(error);
  return printable(`This part cannot be shown: ${why}`, 300);
}

/** The same as an error; errors with words for the user stay as they are. */
export function unshowable(error: unknown): UserError {
  if (error instanceof UserError) return error;
  return new UserError('debug-unknown', unshowableText(error), 'The Sample holds what no look finds.');
}

/** A text, or what is wrong with it. */
export function saidOrNot(make: () => string): string {
  try {
    return make();
  } catch (error) {
    return unshowableText(error);
  }
}
