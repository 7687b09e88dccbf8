import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import zlib from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type Lines, openLines } from '../../src/source/lines';
import { openLocalBytes } from '../../src/target/localBytes';
import { unpack } from '../../src/target/unpack';
import { Installed } from './support/installed';
import {
  agrees,
  codeAddresses,
  euAddr2line,
  hex,
  inWords,
  llvmSymbolizer,
  type Tool,
  type ToolFrame,
} from './support/symbolizer';

const SOURCES = resolve(import.meta.dirname, 'sources');
const ADDRESSES = 400;

const languages = {
  C: { files: ['ledger.c', 'entries.c', 'entries.h'], command: 'gcc' },
  'C++': { files: ['shapes.cpp'], command: 'g++' },
  Rust: { files: ['tasks.rs'], command: 'rustc' },
} as const;
type Language = keyof typeof languages;

async function open(path: string, debugFolder = '/nonexistent'): Promise<Lines> {
  const source = await openLocalBytes(path);
  if (typeof source === 'string') throw new Error(source);
  const options = { path, unpack, open: openLocalBytes, debugFolders: [debugFolder] };
  const result = await openLines(source, options);
  if (!result.ok) throw new Error(result.why);
  return result.lines;
}

/** Copies sources into the test's folder and compiles them there: the program's path. */
function compile(at: Installed, language: Language, flags: readonly string[], name = 'program'): string {
  const { files, command } = languages[language];
  at.needs(command);
  for (const file of files) copyFileSync(join(SOURCES, file), join(at.folder, file));
  at.run(command, [...flags, ...files.filter((file) => !file.endsWith('.h')), '-o', name]);
  return join(at.folder, name);
}

/** Fails where more than `tolerated` of the addresses come out otherwise than the tool has them. */
async function expectAgreement(
  lines: Lines,
  addresses: readonly bigint[],
  theirs: readonly ToolFrame[][],
  tolerated = 0,
): Promise<void> {
  const located = await lines.locate(addresses);
  expect(theirs).toHaveLength(addresses.length);
  const differing = located.flatMap((location, at) => {
    const chain = theirs[at] ?? [];
    return agrees(location, chain)
      ? []
      : [{ address: hex(location.address), ours: inWords(location.frames), theirs: inWords(chain) }];
  });
  expect(differing.slice(tolerated)).toEqual([]);
  expect(lines.troubles).toEqual([]);
  expect(located.filter(({ frames }) => frames[0]?.line !== undefined).length).toBeGreaterThan(
    addresses.length / 5,
  );
}

async function expectSame(
  path: string,
  addresses: readonly bigint[],
  tool: Tool,
  tolerated = 0,
): Promise<void> {
  const lines = await open(path);
  await expectAgreement(lines, addresses, tool(path, addresses), tolerated);
  lines.close();
}

const most = [
  '-g -O0',
  '-g -O2',
  '-gdwarf-4 -O2 -ffunction-sections -Wl,--gc-sections',
  '-g -O3 -flto',
  '-gdwarf-4 -O2 -fdebug-types-section',
];
const further = [
  '-gdwarf-3 -gstrict-dwarf -O2',
  '-gdwarf-2 -gstrict-dwarf -O0',
  '-g -gdwarf64 -O2',
  '-g -O2 -gz=zlib',
  '-g -O2 -gz=zlib-gnu',
  '-g -O2 -fdebug-types-section',
  '-g1 -O2',
];

describe.each([
  ['C', [...most, ...further]],
  ['C++', most],
] as const)('lines of a program in %s', (language, builds) => {
  it.for(builds)('are those of llvm-symbolizer with %s', async (flags, context) => {
    const at = new Installed(context);
    at.needs('llvm-symbolizer', 'readelf');
    const path = compile(at, language, flags.split(' '));
    await expectSame(path, codeAddresses(path, ADDRESSES), llvmSymbolizer);
  });
});

it.for(['-g', '-g -O -Cdwarf-version=5', '-Cdebuginfo=1 -O'] as const)(
  'lines of a program in Rust are those of llvm-symbolizer with %s',
  async (flags, context) => {
    const at = new Installed(context);
    at.needs('llvm-symbolizer', 'readelf');
    const path = compile(at, 'Rust', flags.split(' '));
    await expectSame(path, codeAddresses(path, ADDRESSES), llvmSymbolizer);
  },
);

describe('a program for arm64', () => {
  const build = (at: Installed, ...flags: readonly string[]) => {
    at.needs('aarch64-linux-gnu-gcc');
    for (const file of languages.C.files) copyFileSync(join(SOURCES, file), join(at.folder, file));
    at.run('aarch64-linux-gnu-gcc', [...flags, 'ledger.c', 'entries.c', '-o', 'program']);
    return join(at.folder, 'program');
  };

  it('has the lines of llvm-symbolizer', async (context) => {
    const at = new Installed(context);
    at.needs('llvm-symbolizer', 'readelf');
    const path = build(at, '-g', '-O2');
    await expectSame(path, codeAddresses(path, ADDRESSES), llvmSymbolizer);
  });

  it.for(['none', 'standard'])(
    'names stubs of calls into libraries, with branch protection %s',
    async (protection, context) => {
      const at = new Installed(context);
      at.needs('aarch64-linux-gnu-objdump');
      await expectStubs(build(at, '-O2', `-mbranch-protection=${protection}`), 'aarch64-linux-gnu-objdump');
    },
  );
});

it('unpacks zstd, or says what it takes', async (context) => {
  const at = new Installed(context);
  at.needs('llvm-symbolizer', 'readelf', 'objcopy');
  const path = compile(at, 'C', ['-g', '-O2']);
  const addresses = codeAddresses(path, ADDRESSES);
  const truth = llvmSymbolizer(path, addresses);
  at.run('objcopy', ['--compress-debug-sections=zstd', path]);
  const lines = await open(path);
  if ('zstdDecompress' in zlib) await expectAgreement(lines, addresses, truth);
  else {
    await lines.locate(addresses);
    expect(lines.troubles.join()).toMatch(/cannot be unpacked: zstd needs a newer version of Node/);
  }
  lines.close();
});

it('agrees with elfutils on a program in C', async (context) => {
  const at = new Installed(context);
  at.needs('eu-addr2line', 'readelf');
  const path = compile(at, 'C', ['-g', '-O2']);
  await expectSame(path, codeAddresses(path, ADDRESSES), euAddr2line);
});

describe.each(['-gdwarf-4', '-gdwarf-5'])('split debug information, %s', (version) => {
  // The tools do not read all of these, but the code is the same as without the split.
  it.for(['C', 'C++'] as const)('in .dwo files, of a program in %s', async (language, context) => {
    const at = new Installed(context);
    at.needs('llvm-symbolizer', 'readelf');
    const whole = compile(at, language, [version, '-O2']);
    const split = compile(at, language, [version, '-O2', '-gsplit-dwarf'], 'split');
    const addresses = codeAddresses(whole, ADDRESSES);
    const lines = await open(split);
    await expectAgreement(lines, addresses, llvmSymbolizer(whole, addresses));
    lines.close();
  });

  it('says which file is missing, and keeps the lines', async (context) => {
    const at = new Installed(context);
    const split = compile(at, 'C', [version, '-O2', '-gsplit-dwarf']);
    at.run('sh', ['-c', 'rm *.dwo']);
    const lines = await open(split);
    const located = await lines.locate(codeAddresses(split, 50));
    expect(located.some(({ frames }) => frames[0]?.line !== undefined)).toBe(true);
    expect(lines.troubles.join()).toMatch(/\.dwo is not there/);
    lines.close();
  });
});

// LLVM's of Debian 12 does not end with version 5 as GCC writes it.
it('split debug information in a package, with the .dwo files gone', async (context) => {
  const at = new Installed(context);
  at.needs('llvm-symbolizer', 'readelf', 'dwp');
  const whole = compile(at, 'C', ['-gdwarf-4', '-O2']);
  const split = compile(at, 'C', ['-gdwarf-4', '-O2', '-gsplit-dwarf'], 'split');
  at.run('sh', ['-c', 'dwp -e split -o split.dwp && rm *.dwo']);
  const addresses = codeAddresses(whole, ADDRESSES);
  const lines = await open(split);
  await expectAgreement(lines, addresses, llvmSymbolizer(whole, addresses));
  lines.close();
});

describe('separate debug files', () => {
  /** A stripped program with a link to `program.debug`; the frames it had before. */
  const strip = (at: Installed, flags: readonly string[]) => {
    at.needs('llvm-symbolizer', 'readelf', 'objcopy');
    const path = compile(at, 'C++', ['-g', '-O2', ...flags]);
    const addresses = codeAddresses(path, ADDRESSES);
    const truth = llvmSymbolizer(path, addresses);
    at.run('objcopy', ['--only-keep-debug', 'program', 'program.debug']);
    at.run('objcopy', ['--strip-all', '--add-gnu-debuglink=program.debug', 'program']);
    return { path, addresses, truth };
  };

  it('are found by build-id', async (context) => {
    const at = new Installed(context);
    const { path, addresses, truth } = strip(at, ['-Wl,--build-id=0xabcdef0123']);
    mkdirSync(join(at.folder, 'debug/.build-id/ab'), { recursive: true });
    at.run('mv', ['program.debug', 'debug/.build-id/ab/cdef0123.debug']);
    const lines = await open(path, join(at.folder, 'debug'));
    await expectAgreement(lines, addresses, truth);
    expect(await lines.debugFile()).toMatch(/abcdef0123|cdef0123\.debug$/);
    lines.close();
  });

  it.for(['program.debug', '.debug/program.debug'])(
    'are found by link and checksum at %s',
    async (place, context) => {
      const at = new Installed(context);
      const { path, addresses, truth } = strip(at, ['-Wl,--build-id=none']);
      if (place !== 'program.debug') at.run('sh', ['-c', `mkdir .debug && mv program.debug ${place}`]);
      const lines = await open(path);
      await expectAgreement(lines, addresses, truth);
      lines.close();
    },
  );

  it('of another build are refused, by name', async (context) => {
    const at = new Installed(context);
    const { path, addresses } = strip(at, ['-Wl,--build-id=none']);
    at.run('sh', ['-c', 'printf x >> program.debug']);
    const lines = await open(path);
    const located = await lines.locate(addresses);
    expect(located.every(({ frames }) => frames[0]?.line === undefined)).toBe(true);
    expect(lines.troubles).toEqual([`${join(at.folder, 'program.debug')} belongs to another build`]);
    lines.close();
  });

  it('share a file of dwz', async (context) => {
    const at = new Installed(context);
    at.needs('llvm-symbolizer', 'readelf', 'dwz');
    const path = compile(at, 'C++', ['-gdwarf-4', '-O2']);
    const addresses = codeAddresses(path, ADDRESSES);
    const truth = llvmSymbolizer(path, addresses);
    at.run('cp', ['program', 'other']);
    at.run('dwz', ['-m', 'shared', 'program', 'other']);
    const lines = await open(path);
    await expectAgreement(lines, addresses, truth);
    lines.close();
    at.run('rm', ['shared']);
    const without = await open(path);
    await without.locate(addresses);
    expect(without.troubles.join()).toMatch(/shared, which it shares names with, is not there/);
    without.close();
  });
});

it.for(['-O2', '-O2 -fcf-protection=full -Wl,-z,ibtplt', '-O2 -Wl,-z,now'])(
  'names stubs of calls into libraries with %s',
  async (flags, context) => {
    const at = new Installed(context);
    at.needs('objdump');
    await expectStubs(compile(at, 'C', flags.split(' ')), 'objdump');
  },
);

/** That each stub objdump names is named so. */
async function expectStubs(path: string, objdump: string): Promise<void> {
  const sections = ['.plt', '.plt.sec', '.plt.got'].map((name) => `--section=${name}`);
  const { stdout } = spawnSync(objdump, ['-d', ...sections, path], { encoding: 'utf8' });
  const stubs = [...stdout.matchAll(/^([0-9a-f]+) <(\w+@plt)>:/gm)].map(([, address = '', name = '']) => ({
    address: BigInt(`0x${address}`),
    name,
  }));
  expect(stubs.length).toBeGreaterThan(3);
  const lines = await open(path);
  const located = await lines.locate(stubs.map(({ address }) => address + 4n));
  expect(located.map(({ frames }) => frames[0]?.function)).toEqual(stubs.map(({ name }) => name));
  lines.close();
}

it('names functions with the namespaces and classes they are in', async (context) => {
  const at = new Installed(context);
  const path = compile(at, 'C++', ['-g', '-O0']);
  const { stdout } = spawnSync('nm', [path], { encoding: 'utf8' });
  const wanted = [
    ['Circle4areaEv', 'shapes::(anonymous namespace)::Circle::area'],
    ['PolygonIlLi4EE4areaEv', 'shapes::detail::Polygon<long int, 4>::area'],
    ['PolygonIlLi4EE\\S*5Local5scaleEd', 'shapes::detail::Polygon<long int, 4>::area::Local::scale'],
    ['Drawing3addE', 'shapes::Drawing::add'],
  ] as const;
  const lines = await open(path);
  for (const [mangled, name] of wanted) {
    const [, address = '0'] = new RegExp(`^([0-9a-f]+) . _ZN?\\S*${mangled}`, 'm').exec(stdout) ?? [];
    const [location] = await lines.locate([BigInt(`0x${address}`)]);
    expect(location?.frames[0]?.function).toBe(name);
  }
  lines.close();
});
