import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseMaps } from '../../../src/procfs/maps';
import { type FakeMapping, FakeProcess, inCall, PID } from '../../unit/source/fakeProcess';
import type { Installed } from './installed';

const PT_LOAD = 1;
const PT_NOTE = 4;
const NT_PRSTATUS = 1;
/** Of struct elf_prstatus: where the registers begin. x0…x30, sp, pc. */
const REGISTERS = 112;
const SP = 31;
const PC = 32;

/** A program of arm64 at the moment it died, with all its memory. */
export interface Arm64Core {
  readonly path: string;
  readonly process: FakeProcess;
  /** x0…x30. */
  readonly registers: readonly bigint[];
  readonly sp: number;
  readonly pc: number;
  /** Its binaries, and where their first bytes lay. */
  readonly files: readonly { readonly path: string; readonly start: number }[];
}

/** Runs a program of arm64 that writes its memory map and then waits, until QEMU has written its core. */
export function arm64Core(at: Installed, program: string, args: readonly string[]): Arm64Core {
  const qemu = `qemu-aarch64-static -L /usr/aarch64-linux-gnu ./${program} ${args.join(' ')}`;
  // Of QEMU's own core nothing but its head is wanted.
  const lines = [
    'ulimit -c unlimited; echo 0 > /proc/self/coredump_filter',
    'mkfifo quiet; exec 3<>quiet',
    `${qemu} <&3 >maps & pid=$!; trap "kill -9 $pid" EXIT TERM`,
    'until [ -s maps ]; do sleep 0.1; done; sleep 1',
    'kill -ABRT $pid; wait $pid; true',
  ];
  at.run('sh', ['-c', lines.join('\n')]);
  const name = readdirSync(at.folder).find((file) => /^qemu_.*\.core$/.test(file));
  if (name === undefined) throw new Error('no core was written');
  const path = join(at.folder, name);
  return readCore(path, readFileSync(join(at.folder, 'maps'), 'utf8'));
}

function readCore(path: string, maps: string): Arm64Core {
  const core = readFileSync(path);
  const offset = Number(core.readBigUInt64LE(32));
  const parts = Array.from({ length: core.readUInt16LE(56) }, (_, index) => {
    const at = offset + index * 56;
    const word = (from: number) => Number(core.readBigUInt64LE(at + from));
    return { type: core.readUInt32LE(at), offset: word(8), address: word(16), size: word(32) };
  });
  const notes = parts.find(({ type }) => type === PT_NOTE);
  const status = notes && prstatus(core.subarray(notes.offset, notes.offset + notes.size));
  if (!status) throw new Error('the core has no registers');
  const register = (number: number) => status.readBigUInt64LE(REGISTERS + number * 8);
  const { rows } = parseMaps(maps);
  const process = new FakeProcess();
  process.arch = 'aarch64';
  process.mappings = rows.map((row): FakeMapping => {
    const [start, end] = [Number(row.start), Number(row.end)];
    const data = Buffer.alloc(end - start);
    // What is only read QEMU leaves to the file.
    if (row.inode !== 0 && row.path !== undefined)
      readFileSync(row.path).copy(data, 0, Number(row.offset), Number(row.offset) + data.length);
    for (const { type, address, offset: from, size } of parts)
      if (type === PT_LOAD && size > 0 && address < end && address + size > start)
        core.copy(
          data,
          Math.max(0, address - start),
          from + Math.max(0, start - address),
          from + Math.min(size, end - address),
        );
    const { perms, inode, path: file } = row;
    return {
      start,
      end,
      perms,
      offset: Number(row.offset),
      inode,
      data,
      ...(file === undefined ? {} : { path: file }),
    };
  });
  const [sp, pc] = [Number(register(SP)), Number(register(PC))];
  process.threads.set(PID, inCall(sp, pc));
  const files = rows.flatMap(({ inode, offset: from, path: file, start }) =>
    inode !== 0 && from === 0n && file !== undefined ? [{ path: file, start: Number(start) }] : [],
  );
  const first = new Map(files.reverse().map((file) => [file.path, file]));
  const registers = Array.from({ length: SP }, (_, number) => register(number));
  return { path, process, registers, sp, pc, files: [...first.values()] };
}

function prstatus(notes: Buffer): Buffer | undefined {
  const round = (size: number) => Math.ceil(size / 4) * 4;
  for (let at = 0; at + 12 <= notes.length; ) {
    const from = at + 12 + round(notes.readUInt32LE(at));
    const size = notes.readUInt32LE(at + 4);
    if (notes.readUInt32LE(at + 8) === NT_PRSTATUS) return notes.subarray(from, from + size);
    at = from + round(size);
  }
  return undefined;
}
