/** Every error a user can meet: what happened, why, and what to do. Never carries a secret. */
export class UserError extends Error {
  constructor(
    /** Stable, for programs and tests. */
    readonly code: ErrorCode,
    readonly what: string,
    readonly why: string,
    readonly remedy?: string,
  ) {
    super([what, why, remedy].filter(Boolean).join(' '));
    this.name = 'UserError';
  }
}

export type ErrorCode =
  | 'bad-pid'
  | 'no-such-process'
  | 'process-gone'
  | 'kernel-thread'
  | 'zombie'
  | 'not-permitted'
  | 'not-traceable'
  | 'not-a-capture'
  | 'not-a-sample'
  | 'newer-sample'
  | 'file-unreadable'
  | 'file-unwritable'
  | 'probe-missing'
  | 'probe-failed'
  | 'probe-gone'
  | 'not-linux'
  | 'host-lost'
  | 'host-silent'
  | 'host-shell'
  | 'host-unsupported'
  | 'host-no-place'
  | 'host-damaged'
  | 'command-failed'
  | 'elevation-missing'
  | 'elevation-refused'
  | 'elevation-unsafe'
  | 'host-config'
  | 'host-unreachable'
  | 'host-key'
  | 'not-authenticated'
  | 'needs-ssh'
  | 'host-refused'
  | 'kernel-tree'
  | 'several-processes'
  | 'debug-configuration'
  | 'debug-unsupported'
  | 'debug-unknown'
  | 'debug-saved'
  | 'cancelled'
  | 'usage';
