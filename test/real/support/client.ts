import { join } from 'node:path';
import { build } from 'esbuild';
import { CHECKOUT } from './programs';
import { folder } from './remoteUser';

/** A program for Node, bundled with what it imports from `./src`: its path, readable by all. */
export async function client(contents: string): Promise<string> {
  const outfile = join(folder('client-'), 'client.cjs');
  await build({
    stdin: { contents, resolveDir: CHECKOUT, loader: 'ts' },
    bundle: true,
    platform: 'node',
    outfile,
    logLevel: 'error',
  });
  return outfile;
}
