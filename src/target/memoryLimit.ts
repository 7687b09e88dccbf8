/** Of a module: magic and version. */
const HEAD = 8;
const MEMORY_SECTION = 5;
const HAS_MAXIMUM = 1;

/** The same module with at most so many pages of 64 KiB in its one memory; unchanged where it has a maximum or no such memory. */
export function withMemoryLimit(module: Buffer, pages: number): Buffer<ArrayBuffer> {
  let at = HEAD;
  while (at < module.length) {
    const [size, content] = number(module, at + 1);
    const end = content + size;
    if (module[at] === MEMORY_SECTION) {
      const [count, flags] = number(module, content);
      if (count !== 1 || module[flags] !== 0) break;
      const [minimum] = number(module, flags + 1);
      const limits = [1, HAS_MAXIMUM, ...encoded(minimum), ...encoded(Math.max(pages, minimum))];
      const section = Buffer.from([MEMORY_SECTION, ...encoded(limits.length), ...limits]);
      return Buffer.concat([module.subarray(0, at), section, module.subarray(end)]);
    }
    at = end;
  }
  return Buffer.concat([module]);
}

/** LEB128, and where what follows it begins. */
function number(data: Buffer, from: number): [value: number, next: number] {
  let value = 0;
  let at = from;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = data[at++] ?? 0;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  return [value, at];
}

function encoded(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...encoded(Math.floor(value / 0x80))];
}
