import { readFileSync } from 'node:fs';

/** Bytes behind the head of a type in BTF, by its kind and number of members (Documentation/bpf/btf.rst). */
function bytesBehind(kind: number, members: number): number {
  if (kind === 1 || kind === 14 || kind === 17) return 4;
  if (kind === 3) return 12;
  if (kind === 4 || kind === 5 || kind === 15 || kind === 19) return 12 * members;
  return kind === 6 || kind === 13 ? 8 * members : 0;
}

/** The running kernel's structures, as tests need them: read past the product's own reader. */
export class TestBtf {
  private readonly data = readFileSync('/sys/kernel/btf/vmlinux');
  private readonly types: number[] = [0];
  private readonly structs = new Map<string, number>();
  private readonly strings: number;

  constructor() {
    const { data } = this;
    const head = data.readUInt32LE(4);
    this.strings = head + data.readUInt32LE(16);
    const end = head + data.readUInt32LE(8) + data.readUInt32LE(12);
    for (let at = head + data.readUInt32LE(8); at < end; ) {
      const info = data.readUInt32LE(at + 4);
      const kind = (info >>> 24) & 0x1f;
      if (kind === 4) this.structs.set(this.text(data.readUInt32LE(at)), at);
      this.types.push(at);
      at += 12 + bytesBehind(kind, info & 0xffff);
    }
  }

  /** Bytes of a struct. */
  size(name: string): number {
    return this.data.readUInt32LE(this.struct(name) + 8);
  }

  /** Bytes from the start of a struct to a member of it or of an anonymous part of it. */
  offset(name: string, member: string): number {
    const found = this.within(this.struct(name), member);
    if (found === undefined) throw new Error(`struct ${name} has no ${member}`);
    return found;
  }

  private struct(name: string): number {
    const at = this.structs.get(name);
    if (at === undefined) throw new Error(`no struct ${name}`);
    return at;
  }

  private within(type: number, member: string): number | undefined {
    const { data } = this;
    const info = data.readUInt32LE(type + 4);
    for (let at = type + 12; at < type + 12 + 12 * (info & 0xffff); at += 12) {
      const name = this.text(data.readUInt32LE(at));
      const offset = (data.readUInt32LE(at + 8) & (info >>> 31 ? 0xffffff : 0xffffffff)) / 8;
      if (name === member) return offset;
      const part = this.types[data.readUInt32LE(at + 4)];
      if (name !== '' || part === undefined) continue;
      const inner = this.within(part, member);
      if (inner !== undefined) return offset + inner;
    }
    return undefined;
  }

  private text(offset: number): string {
    const start = this.strings + offset;
    return this.data.toString('latin1', start, this.data.indexOf(0, start));
  }
}
