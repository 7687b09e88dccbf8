import type { Binaries, Place } from './binaries';
import type { ElfFile } from './elfFile';
import { FrameIndex } from './unwind/frameIndex';
import type { FurtherFrames } from './unwind/frameTable';
import type { Image } from './unwind/images';

/** Most bytes of a .debug_frame, unpacked. */
const MOST = 64 << 20;

/** The unwind tables of a binary that are not loaded with it: .debug_frame, all that Go's compiler writes. */
export async function furtherFrames(
  binaries: Binaries,
  place: Place,
  image: Image,
): Promise<FurtherFrames | undefined> {
  const { lines } = await binaries.of(image, place);
  if (!lines) return undefined;
  const section = await lines.section('.debug_frame');
  const data = section && section.size <= MOST ? await section.bytes(0, MOST) : undefined;
  return {
    isGo: isGo(lines.elf),
    ...(data && data.length > 0 ? { index: new FrameIndex(data, 0, 'debug_frame') } : {}),
  };
}

function isGo({ sections }: ElfFile): boolean {
  return sections.some(({ name }) => name.endsWith('.gopclntab') || name === '.note.go.buildid');
}
