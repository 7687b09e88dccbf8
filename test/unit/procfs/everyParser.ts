import { readdirSync } from 'node:fs';
import { join } from 'node:path';

export interface Parser {
  readonly name: string;
  readonly parse: (text: string) => unknown;
}

const DIRECTORY = join(import.meta.dirname, '../../../src/procfs');

/** Every exported function of the room that takes a text: none can be forgotten. */
export const everyParser: readonly Parser[] = (
  await Promise.all(
    readdirSync(DIRECTORY).map(async (file) => {
      const room: Record<string, unknown> = await import(join(DIRECTORY, file));
      return Object.entries(room)
        .filter(([name]) => /^(?:parse|read(?!Rows)|(?:ring|aio)Mappings)/.test(name))
        .map(([name, value]) => ({
          name,
          parse: (text: string) => (value as (...args: string[]) => unknown)(text, 'tcp'),
        }));
    }),
  )
).flat();
