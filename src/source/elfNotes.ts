import { Cursor } from './cursor';

const NT_GNU_BUILD_ID = 3;
const GNU = 'GNU\0';

/** Of a `.gnu_debuglink`: the name of the file with the debug information, and the CRC-32 of its content. */
export interface DebugLink {
  readonly name: string;
  readonly crc: number;
}

/** Of a `.gnu_debugaltlink` (dwz): the file many debug files share, and its build-id. */
export interface AltLink {
  readonly name: string;
  readonly buildId: string;
}

/** The build-id in hexadecimal, of the notes in a segment or section; undefined where there is none. */
export function parseBuildId(notes: Buffer): string | undefined {
  const at = new Cursor(notes);
  while (!at.done) {
    const nameSize = at.u32();
    const size = at.u32();
    const type = at.u32();
    const name = at.block(nameSize);
    at.skip(-nameSize & 3);
    const content = at.block(size);
    if (at.bad) return undefined;
    if (type === NT_GNU_BUILD_ID && name.toString('latin1') === GNU && size > 0)
      return content.toString('hex');
    at.skip(-size & 3);
  }
  return undefined;
}

export function parseDebugLink(data: Buffer): DebugLink | undefined {
  const at = new Cursor(data);
  const name = at.text();
  at.skip(-at.at & 3);
  const crc = at.u32();
  return at.bad || name === '' ? undefined : { name, crc };
}

export function parseAltLink(data: Buffer): AltLink | undefined {
  const at = new Cursor(data);
  const name = at.text();
  const buildId = data.toString('hex', at.at);
  return at.bad || name === '' ? undefined : { name, buildId };
}
