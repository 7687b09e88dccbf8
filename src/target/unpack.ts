import zlib from 'node:zlib';
import type { Unpack } from './byteSource';
import { openUnxz } from './xz';

type Done = (error: Error | null, unpacked: Buffer) => void;
type Zstd = (packed: Buffer, options: zlib.ZlibOptions, done: Done) => void;

/** Only in Node 22.15 and later. */
const zstd = (zlib as { zstdDecompress?: Zstd }).zstdDecompress;

/** `from`: the folder of the bundle, which what unpacks xz lies in. */
export function openUnpack(from: string): Unpack {
  const unxz = openUnxz(from);
  return (packed, way, most) => (way === 'xz' ? unxz(packed, most) : unpack(packed, way, most));
}

/** All but xz. */
export const unpack: Unpack = (packed, way, most) =>
  new Promise((resolve) => {
    const done: Done = (error, unpacked) => resolve(error === null ? unpacked : error.message);
    const options = { maxOutputLength: Math.max(most, 1) };
    if (way === 'zlib') zlib.inflate(packed, options, done);
    else if (way === 'xz') resolve('xz is not unpacked here');
    else if (zstd === undefined) resolve('zstd needs a newer version of Node (22.15)');
    else zstd(packed, options, done);
  });
