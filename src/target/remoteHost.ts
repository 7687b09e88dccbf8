import type { Readable, Writable } from 'node:stream';

/** Somewhere else that starts commands: an SSH server, a container, whatever a command of the user's leads to. */
export interface RemoteHost {
  /** For people: "db1 (ssh)", "container web". */
  readonly label: string;
  /** Starts a line of POSIX shell there. Rejects with a UserError when the host cannot be reached or does not start it. */
  run(line: string): Promise<RemoteCommand>;
  /** Milliseconds that the first word of a command may take, where the way to it may ask the user something by itself. */
  readonly patience?: number;
  /** Settles when the way to the host is gone, with the reason in words. Never rejects. */
  readonly lost: Promise<string>;
  /** Ends every command and leaves the host. */
  close(): void;
}

/** A command that runs on a host, with its three byte streams. */
export interface RemoteCommand {
  readonly input: Writable;
  readonly output: Readable;
  readonly errors: Readable;
  /** Settles when it has ended. Never rejects. */
  readonly ended: Promise<RemoteEnd>;
  kill(): void;
}

export interface RemoteEnd {
  readonly code?: number;
  readonly signal?: string;
  /** The way to the host was lost meanwhile. */
  readonly lost?: string;
}

/** What only the user can say. Answers are used once and never kept by who asked. Each question names its host. */
export interface Asker {
  /** A password, passphrase or code; `undefined` = the user declines. */
  secret(question: SecretQuestion): Promise<string | undefined>;
  /** Something that is dangerous if it is wrong, such as an unknown host key. False = no. */
  confirm(question: ConfirmQuestion): Promise<boolean>;
}

export interface Question {
  /** Aborted when no answer is of use any more: the host has hung up, or was left. It counts as declined then. */
  readonly over?: AbortSignal;
}

export interface SecretQuestion extends Question {
  readonly kind: 'password' | 'passphrase' | 'code' | 'sudo';
  /** "Password of deploy on db1". Of a server's own words only printable ones. */
  readonly text: string;
  /** Names what may be remembered in a secret store: "ssh password deploy@db1:22"; absent = must be asked each time. */
  readonly key?: string;
  /** An answer was given before and was wrong. */
  readonly again: boolean;
  /** False for what may be shown while it is typed. */
  readonly hidden: boolean;
  /** Settles when it is known whether the answer was right; absent = that is never known. Never rejects. */
  readonly right?: Promise<boolean>;
}

export interface ConfirmQuestion extends Question {
  /** One sentence that asks. */
  readonly text: string;
  /** Sentences, one a line. */
  readonly detail: string;
  /** The word on the button: "Trust and Connect". */
  readonly yes: string;
}
