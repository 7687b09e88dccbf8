/** Functions in the symbol table of an ELF file of 64 bits, little-endian: a kernel module. Empty where there is none. */
export function moduleFunctions(file: Buffer): string[] {
  if (file.length < 64 || file.readUInt32BE(0) !== 0x7f454c46) return [];
  const sections = Number(file.readBigUInt64LE(0x28));
  const size = file.readUInt16LE(0x3a);
  const names: string[] = [];
  for (let i = 0; i < file.readUInt16LE(0x3c); i++) {
    const section = sections + i * size;
    if (file.readUInt32LE(section + 4) !== SYMBOLS) continue;
    const strings = bounds(file, sections + file.readUInt32LE(section + 0x28) * size);
    const { start, end } = bounds(file, section);
    for (let symbol = start; symbol + 24 <= end; symbol += 24) {
      if (((file[symbol + 4] ?? 0) & 0xf) !== FUNCTION) continue;
      const from = strings.start + file.readUInt32LE(symbol);
      names.push(file.toString('latin1', from, file.indexOf(0, from)));
    }
  }
  return names;
}

const SYMBOLS = 2;
const FUNCTION = 2;

function bounds(file: Buffer, section: number): { readonly start: number; readonly end: number } {
  const start = Number(file.readBigUInt64LE(section + 0x18));
  return { start, end: start + Number(file.readBigUInt64LE(section + 0x20)) };
}
