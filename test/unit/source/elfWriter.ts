/** A program whose sections are made by hand: an ELF64 file of x86-64 with one segment of code, at 0x400000. */
export function elfWith(sections: Readonly<Record<string, Buffer>>): Buffer {
  const named = Object.entries(sections);
  const names = Buffer.from(`\0.shstrtab\0${named.map(([name]) => `${name}\0`).join('')}`);
  const all: (readonly [string, Buffer])[] = [...named, ['.shstrtab', names]];
  const header = Buffer.alloc(120);
  header.write('\x7fELF\x02\x01\x01', 'latin1');
  header.writeUInt16LE(2, 16);
  header.writeUInt16LE(62, 18);
  header.writeUInt32LE(64, 32);
  const contents = Buffer.concat(all.map(([, content]) => content));
  header.writeUInt32LE(header.length + contents.length, 40);
  for (const [at, value] of [64, 56, 1, 64, all.length + 1, all.length].entries())
    header.writeUInt16LE(value, 52 + at * 2);
  header.writeUInt32LE(1, 64);
  header.writeUInt32LE(5, 68);
  header.writeUInt32LE(0x400000, 80);
  header.writeUInt32LE(0x1000000, 104);
  const table = Buffer.alloc(64 * (all.length + 1));
  let offset = header.length;
  for (const [at, [name, content]] of all.entries()) {
    const start = 64 * (at + 1);
    table.writeUInt32LE(names.indexOf(`\0${name}\0`) + 1, start);
    table.writeUInt32LE(1, start + 4);
    table.writeUInt32LE(offset, start + 24);
    table.writeUInt32LE(content.length, start + 32);
    offset += content.length;
  }
  return Buffer.concat([header, contents, table]);
}

/** A unit of version 5 with 8-byte addresses: its header before its entries. */
export function unitWith(entries: Buffer): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt32LE(8 + entries.length, 0);
  header.writeUInt16LE(5, 4);
  header[6] = 1;
  header[7] = 8;
  return Buffer.concat([header, entries]);
}
