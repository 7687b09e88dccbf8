import type { ReadResult } from '../probe/protocol';
import { textOf } from './text';

/**
 * A parser that answers from memory when a file's bytes are those of the file before: the tasks of a pool stand in the
 * same place, and a stack parsed once is shared by all of them.
 */
export function remembering<T>(parse: (text: string) => T): (file: ReadResult | undefined) => T | undefined {
  let bytes: Buffer | undefined;
  let value: T | undefined;
  return (file) => {
    if (!file?.ok) return undefined;
    if (bytes === undefined || !file.data.equals(bytes)) {
      bytes = file.data;
      value = parse(textOf(file) ?? '');
    }
    return value;
  };
}
