import { Cursor } from './cursor';
import type { ElfFile } from './elfFile';
import { EM_X86_64, type SectionHeader } from './elfHeaders';

const RELA = 24;
const SYMBOL = 24;
const STUB = 16;
/** Most bytes of relocations. */
const MOST = 256 << 20;
const TABLES = ['.rela.plt', '.rela.dyn'];

/**
 * Names of the stubs through which a program calls functions of libraries: `read@plt`. By what the stub's own
 * instructions load and which symbol is put there, so for any linker's order.
 */
export class Plt {
  private slots: Promise<ReadonlyMap<number, number>> | undefined;

  constructor(private readonly elf: ElfFile) {}

  /** Undefined where the address is in no stub, or in one without a name. */
  async nameAt(address: number): Promise<string | undefined> {
    const section = this.elf.sections.find(
      (header) =>
        header.name.startsWith('.plt') && address >= header.address && address < header.address + header.size,
    );
    if (section === undefined) return undefined;
    const each = section.each === 8 ? 8 : STUB;
    const start = section.address + Math.floor((address - section.address) / each) * each;
    const stub = await this.elf.at(start, each);
    const slot = this.elf.header.machine === EM_X86_64 ? slotOfX86(stub, start) : slotOfArm(stub, start);
    this.slots ??= this.readSlots();
    const symbol = slot === undefined ? undefined : (await this.slots).get(slot);
    const name = symbol === undefined ? undefined : await this.symbolName(symbol);
    return name === undefined || name === '' ? undefined : `${name}@plt`;
  }

  private async readSlots(): Promise<Map<number, number>> {
    const slots = new Map<number, number>();
    for (const name of TABLES) {
      const table = await (await this.elf.section(name))?.bytes(0, MOST);
      if (table === undefined) continue;
      for (const at = new Cursor(table); at.at + RELA <= table.length; at.skip(8)) {
        const slot = at.u64();
        at.skip(4);
        const symbol = at.u32();
        if (symbol !== 0) slots.set(slot, symbol);
      }
    }
    return slots;
  }

  private async symbolName(symbol: number): Promise<string | undefined> {
    const header: SectionHeader | undefined = this.elf.find('.dynsym');
    const names = header === undefined ? undefined : this.elf.sections[header.link];
    if (header === undefined || names === undefined) return undefined;
    const entry = await (await this.elf.content(header))?.bytes(symbol * SYMBOL, 4);
    if (entry === undefined || entry.length < 4) return undefined;
    return (await this.elf.content(names))?.text(entry.readUInt32LE());
  }
}

/** `jmp *disp(%rip)`, after `endbr64` or with a `bnd` prefix where there is one. */
function slotOfX86(stub: Buffer, start: number): number | undefined {
  for (let at = 0; at + 6 <= stub.length; at++) {
    if (stub[at] === 0xff && stub[at + 1] === 0x25) return start + at + 6 + stub.readInt32LE(at + 2);
  }
  return undefined;
}

/** `adrp x16, page; ldr x17, [x16, #low]`, after `bti c` where there is one. */
function slotOfArm(stub: Buffer, start: number): number | undefined {
  for (let at = 0; at + 8 <= stub.length; at += 4) {
    const adrp = stub.readUInt32LE(at);
    const ldr = stub.readUInt32LE(at + 4);
    if ((adrp & 0x9f00001f) >>> 0 !== 0x90000010 || (ldr & 0xffc003ff) >>> 0 !== 0xf9400211) continue;
    const pages = (((((adrp >>> 5) & 0x7ffff) << 2) | ((adrp >>> 29) & 3)) << 11) >> 11;
    return Math.floor((start + at) / 4096) * 4096 + pages * 4096 + ((ldr >>> 10) & 0xfff) * 8;
  }
  return undefined;
}
