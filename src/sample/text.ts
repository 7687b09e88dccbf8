import type { ReadResult } from '../probe/protocol';

/** The file as text, invalid UTF-8 replaced; undefined when it could not be read. */
export function textOf(result: ReadResult | undefined): string | undefined {
  return result?.ok ? result.data.toString('utf8') : undefined;
}

/** The symbolic errno of a failed read, for "why". */
export function errnoOf(result: { ok: boolean; errno?: string } | undefined): string | undefined {
  return result && !result.ok ? result.errno : undefined;
}
