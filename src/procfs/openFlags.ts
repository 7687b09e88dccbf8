const ACCESS_MODES = ['O_RDONLY', 'O_WRONLY', 'O_RDWR'] as const;

/** Bits of asm-generic/fcntl.h that x86_64 and aarch64 share. */
const SHARED: readonly (readonly [name: string, bits: number])[] = [
  ['O_APPEND', 0o2000],
  ['O_NONBLOCK', 0o4000],
  ['O_ASYNC', 0o20000],
  ['O_NOATIME', 0o1000000],
  ['O_CLOEXEC', 0o2000000],
  ['O_PATH', 0o10000000],
];
const DSYNC = 0o10000;
const SYNC = 0o4010000;
const TMPFILE = 0o20000000;

const GENERIC = { direct: 0o40000, largeFile: 0o100000, directory: 0o200000, noFollow: 0o400000 };
const ARM = { directory: 0o40000, noFollow: 0o100000, direct: 0o200000, largeFile: 0o400000 };

/** Names of the O_ flags of an open file on `arch` (as `uname -m` says it), access mode first. */
export function openFlagNames(flags: number, arch = 'x86_64'): string[] {
  const bits = /^(?:aarch64|arm)/.test(arch) ? ARM : GENERIC;
  const names: string[] = [];
  const add = (name: string, mask: number): void => {
    if ((flags & mask) === mask) {
      names.push(name);
    }
  };
  const mode = ACCESS_MODES[flags & 3];
  if (mode !== undefined) {
    names.push(mode);
  }
  for (const [name, mask] of SHARED) {
    add(name, mask);
  }
  if ((flags & SYNC) === SYNC) {
    names.push('O_SYNC');
  } else {
    add('O_DSYNC', DSYNC);
  }
  add('O_DIRECT', bits.direct);
  add('O_LARGEFILE', bits.largeFile);
  if ((flags & (TMPFILE | bits.directory)) === (TMPFILE | bits.directory)) {
    names.push('O_TMPFILE');
  } else {
    add('O_DIRECTORY', bits.directory);
  }
  add('O_NOFOLLOW', bits.noFollow);
  return names;
}
