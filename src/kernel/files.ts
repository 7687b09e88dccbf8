import type { RingContext } from './contexts';
import { isFixedFile, opcodesNamed, operationOf } from './decode';
import type { FoundRequest } from './gather';
import type { KernelLayout, Place } from './layout';
import type { OptionalPlace } from './places';
import type { FileTable } from './process';
import type { Reader, Way } from './reader';
import type { Structure } from './structure';

/** Registered files of one ring that are looked through. */
const MOST_FILES = 65_536;
/** Low bits of a registered file's word are flags. */
const FILE_FLAGS = 7n;
/** Bytes of a path that are read. */
const PATH = 512;

/** The file of a request by number. */
export interface FileOf {
  readonly fd?: number;
  readonly fixedFile?: number;
}

/** The registered files of a ring: nodes, or before 6.13 files; by ring. */
export type FixedFiles = ReadonlyMap<bigint, readonly bigint[]>;

/** Reads the registered files of rings that have requests on some. */
export async function readFixedFiles(
  reader: Reader,
  rings: readonly RingContext[],
  requests: readonly FoundRequest[],
): Promise<FixedFiles> {
  const { needed, optional } = reader.layout;
  const table = optional.ringFileNodes ?? optional.ringFixedFiles;
  const used = new Set(
    requests
      .filter(({ request }) => isFixedFile(reader.layout, request))
      .map(({ request }) => request.pointer(needed.requestRing)),
  );
  const asked = rings.filter(({ ring }) => used.has(ring.address) && table !== undefined);
  const tables = await reader.structures(
    asked.map(({ ring }) => ({
      address: ring.pointer(table),
      length: countOf(ring, optional.ringFiles) * 8,
    })),
    'registered files',
  );
  return new Map(
    asked.map(({ ring }, index) => [ring.address, wordsOf(tables[index], countOf(ring, optional.ringFiles))]),
  );
}

function countOf(ring: Structure, files: Place | undefined): number {
  return Math.min(ring.number(files), MOST_FILES);
}

function wordsOf(table: Structure | undefined, count: number): bigint[] {
  return Array.from({ length: count }, (_, index) => (table?.pointer([index * 8, 8]) ?? 0n) & ~FILE_FLAGS);
}

/**
 * The number by which the program names the file: the SQE's, which the request still has (5.19+) unless its completion
 * has begun, where it still stands for the file; or the lowest that does. Nothing where none does any more. A request
 * that is not begun has no file yet (5.18+).
 */
export function fileOf(
  layout: KernelLayout,
  found: FoundRequest,
  table: FileTable,
  fixed: FixedFiles,
): FileOf {
  const { needed, optional } = layout;
  const { request, state } = found;
  const isFixed = isFixedFile(layout, request);
  const node = isFixed && optional.requestFileNode;
  const word = request.pointer(node || needed.requestFile);
  const said = optional.requestFd ? request.signed(optional.requestFd) : -1;
  if (word === 0n) {
    const waits = NOT_BEGUN.has(state) && TAKES_FILE.test(operationOf(layout, request)) && said >= 0;
    return waits ? (isFixed ? { fixedFile: said } : { fd: said }) : {};
  }
  if (isFixed) {
    const words = fixed.get(request.pointer(needed.requestRing)) ?? [];
    const index = words[said] === word ? said : words.indexOf(word);
    return index < 0 ? {} : { fixedFile: index };
  }
  const fd = table.files[said] === word ? said : table.descriptors.get(word);
  return fd === undefined ? {} : { fd };
}

const NOT_BEGUN: ReadonlySet<string> = new Set(['linked', 'drained', 'queued']);

/** Operations whose SQE has the file in `fd` (io_uring/opdef.c: needs_file, up to 7.2). */
const TAKES_FILE = new RegExp(
  `^(?:${[
    '(?:READ|WRITE)(?:V|_FIXED|V_FIXED|_MULTISHOT)?',
    'FSYNC|SYNC_FILE_RANGE|FALLOCATE|FADVISE|FTRUNCATE|SPLICE|TEE|FSETXATTR|FGETXATTR',
    'POLL_ADD|EPOLL_WAIT|URING_CMD(?:128)?|MSG_RING|FIXED_FD_INSTALL',
    '(?:SEND|RECV)(?:MSG)?(?:_ZC)?|ACCEPT|CONNECT|BIND|LISTEN|SHUTDOWN',
  ].join('|')})$`,
);

/** Where an operation keeps the paths it was given and the directories they start from. */
interface NamePlaces {
  readonly path?: OptionalPlace;
  readonly directory?: OptionalPlace;
  readonly newPath?: OptionalPlace;
  readonly newDirectory?: OptionalPlace;
}

const OPEN: NamePlaces = { path: 'openName', directory: 'openDirectory' };
const LINKED: NamePlaces = {
  path: 'linkName',
  directory: 'linkDirectory',
  newPath: 'linkNewName',
  newDirectory: 'linkNewDirectory',
};
const BY_PATH = new Map<string, NamePlaces>([
  ['OPENAT', OPEN],
  ['OPENAT2', OPEN],
  ['STATX', { path: 'statName', directory: 'statDirectory' }],
  ['UNLINKAT', { path: 'unlinkName', directory: 'unlinkDirectory' }],
  ['MKDIRAT', { path: 'mkdirName', directory: 'mkdirDirectory' }],
  [
    'RENAMEAT',
    {
      path: 'renameName',
      directory: 'renameDirectory',
      newPath: 'renameNewName',
      newDirectory: 'renameNewDirectory',
    },
  ],
  ['LINKAT', LINKED],
  // The text of a symlink is no path.
  ['SYMLINKAT', { newPath: 'linkNewName', newDirectory: 'linkNewDirectory' }],
  ['GETXATTR', { path: 'attributeName' }],
  ['SETXATTR', { path: 'attributeName' }],
]);

const BY_PATH_NAMES = new RegExp(`^(?:${[...BY_PATH.keys()].join('|')})$`);

/** The paths that a request was given, with the descriptors they start from: −100 = the current directory. */
export interface PathsOf {
  readonly path?: string;
  readonly directory?: number;
  readonly newPath?: string;
  readonly newDirectory?: number;
}

/** By the address of their request; paths that the kernel has let go of are left out. */
export async function readPaths(
  reader: Reader,
  requests: readonly FoundRequest[],
): Promise<Map<bigint, PathsOf>> {
  const { needed, optional } = reader.layout;
  const { filenameText } = optional;
  if (filenameText === undefined) return new Map();
  const at = (name: OptionalPlace | undefined): Place | undefined => {
    const place = name && optional[name];
    return place && [needed.requestFile[0] + place[0], place[1]];
  };
  const named = opcodesNamed(reader.layout, BY_PATH_NAMES);
  const byPath = requests.filter(({ request }) => named.has(request.number(needed.requestOpcode)));
  const wanted = byPath.flatMap(({ request }) => {
    const places = BY_PATH.get(operationOf(reader.layout, request));
    if (!places) return [];
    return (['path', 'newPath'] as const).flatMap((which) => {
      const place = at(places[which]);
      const directory = at(which === 'path' ? places.directory : places.newDirectory);
      return place ? [{ request, which, place, directory }] : [];
    });
  });
  const texts = await reader.records(
    wanted.map(
      ({ request, place }): Way => ({
        from: request.address,
        steps: [place[0], filenameText[0]],
        last: 0,
        length: PATH,
      }),
    ),
  );
  const paths = new Map<bigint, PathsOf>();
  for (const [index, { request, which, directory }] of wanted.entries()) {
    const bytes = texts[index]?.data;
    const end = bytes?.indexOf(0) ?? -1;
    if (!bytes || end <= 0) continue;
    const text = bytes.toString('utf8', 0, end);
    const start = directory ? request.signed(directory) : undefined;
    paths.set(request.address, {
      ...paths.get(request.address),
      ...(which === 'path'
        ? { path: text, ...(start === undefined ? {} : { directory: start }) }
        : { newPath: text, ...(start === undefined ? {} : { newDirectory: start }) }),
    });
  }
  return paths;
}
