import { UserError } from '../model/errors';

/** How a user gets a probe for this machine. */
const BUILD = 'Run "npm run build" in the source folder, or install the extension again.';

export function probeMissing(path: string): UserError {
  return new UserError('probe-missing', 'The probe is missing.', `There is no program at ${path}.`, BUILD);
}

export function probeFailed(why: string, remedy = BUILD): UserError {
  return new UserError('probe-failed', 'The probe did not start.', why, remedy);
}

export function probeGone(why: string): UserError {
  return new UserError('probe-gone', 'The connection to the probe is lost.', why, 'Inspect again.');
}

export function wrongProtocol(theirs: number, ours: number): UserError {
  return probeFailed(`It speaks protocol ${theirs}, this program ${ours}.`);
}

export function notLinux(platform: string): UserError {
  return new UserError(
    'not-linux',
    'io_uring exists on Linux only.',
    `This machine runs ${platform}.`,
    'Inspect a process on a Linux host from here, on the command line with --host, or a capture with --root.',
  );
}
