import { type ErrorCode, UserError } from '../model/errors';

export interface Packed {
  readonly content: unknown;
  /** All bytes of the content, to be handed over with it. */
  readonly bytes?: ArrayBuffer;
}

/**
 * An answer with its bytes moved into memory of their own: what the probe has sent lies in memory that others read from, too, and
 * a view would take all of that along.
 */
export function packed(value: unknown): Packed {
  let size = 0;
  replaceBytes(value, (found) => {
    size += found.length;
    return found;
  });
  if (size === 0) return { content: value };
  const bytes = new ArrayBuffer(size);
  let at = 0;
  const content = replaceBytes(value, (found) => {
    const view = new Uint8Array(bytes, at, found.length);
    view.set(found);
    at += found.length;
    return view;
  });
  return { content, bytes };
}

/** The answer as it was: what arrives in a thread are no Buffers any more. */
export function bytesOf(value: unknown): unknown {
  return replaceBytes(value, ({ buffer, byteOffset, length }) => Buffer.from(buffer, byteOffset, length));
}

function replaceBytes(value: unknown, by: (found: Uint8Array) => Uint8Array): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return by(value);
  if (Array.isArray(value)) return value.map((item: unknown) => replaceBytes(item, by));
  const made: Record<string, unknown> = {};
  for (const [name, content] of Object.entries(value)) made[name] = replaceBytes(content, by);
  return made;
}

/** An error as data. */
export interface PackedFailure {
  readonly message: string;
  readonly user?: {
    readonly code: ErrorCode;
    readonly what: string;
    readonly why: string;
    readonly remedy?: string;
  };
}

export function failureOf(error: unknown): PackedFailure {
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof UserError)) return { message };
  const { code, what, why, remedy } = error;
  return { message, user: { code, what, why, ...(remedy === undefined ? {} : { remedy }) } };
}

export function restored({ message, user }: PackedFailure): Error {
  return user ? new UserError(user.code, user.what, user.why, user.remedy) : new Error(message);
}
