import { printable } from '../model/printable';
import type {
  AioContext,
  AioRequest,
  BlockDevice,
  RemoteMount,
  Resource,
  Sample,
  Severity,
} from '../model/sample';
import { diskOf, inFlightOf } from './disks';
import { directionOf, filesLimit, type HoldingLimit, LIMIT_ADVICE } from './ioLimits';
import { remoteMountOf } from './remoteMounts';
import { indexOf } from './sampleIndex';
import { counted, duration, processName } from './words';

/** Where requests of Linux AIO are. */
export type AioPlace =
  | { readonly kind: 'disk'; readonly disk: BlockDevice }
  | { readonly kind: 'fuse'; readonly file: Resource }
  /** Held back before it. */
  | { readonly kind: 'throttle'; readonly disk: BlockDevice; readonly limit: HoldingLimit }
  | { readonly kind: 'remote'; readonly mount: RemoteMount }
  | { readonly kind: 'unknown' };

export const AIO_SEVERITY: Readonly<Record<AioPlace['kind'], Severity>> = {
  disk: 'critical',
  fuse: 'critical',
  throttle: 'warning',
  remote: 'critical',
  unknown: 'info',
};

const PREPOSITIONS: Readonly<Record<AioPlace['kind'], string>> = {
  disk: 'on ',
  fuse: 'with ',
  throttle: 'inside ',
  remote: 'with ',
  unknown: '',
};

/** Tells one place from another. */
export function keyOf(place: AioPlace): string {
  if (place.kind === 'fuse') return `fuse ${place.file.mount}`;
  if (place.kind === 'remote') return `remote ${place.mount.mount}`;
  return place.kind === 'unknown' ? '' : `${place.kind} ${place.disk.name}`;
}

export function isPoll({ operation }: AioRequest): boolean {
  return operation === 'POLL';
}

/** The requests of a context by where they are; all in one where not every file is known. */
export function partsOf(sample: Sample, context: AioContext): AioContext[] {
  const requests = context.requests.filter((request) => !isPoll(request));
  const polls = context.requests.length - requests.length;
  if (requests.length === 0 || requests.length + polls !== context.pending) return [context];
  const parts = new Map<string, AioRequest[]>();
  for (const request of requests) {
    const place = placeOf(sample, { ...context, requests: [request] });
    const key = place ? keyOf(place) : '';
    const part = parts.get(key);
    if (part) part.push(request);
    else parts.set(key, [request]);
  }
  return [...parts.values()].map((part) => ({ ...context, requests: part, pending: part.length }));
}

/** By the files of its requests where these are known, else by what the process has open. */
export function placeOf(sample: Sample, context: AioContext | undefined): AioPlace | undefined {
  const { resources } = indexOf(sample);
  const requests = (context?.requests ?? []).filter((request) => !isPoll(request));
  const named = requests.flatMap(({ fd }) => (fd === undefined ? [] : (resources.get(fd) ?? [])));
  const files = named.length > 0 ? named : sample.resources.filter(({ fd }) => fd > 2);
  // What a control group holds back has not come to the disk.
  const limit = context?.pending ? limitOf(sample, files, requests) : undefined;
  if (limit) return { kind: 'throttle', disk: limit.disk, limit };
  const disks = files.flatMap((file) => diskOf(sample, file) ?? []);
  const disk = disks.find((one) => one.suspended || inFlightOf(one) > 0);
  if (disk) return { kind: 'disk', disk };
  const file = files.find(
    ({ kind, fsType, waiting }) =>
      kind === 'file' &&
      fsType?.startsWith('fuse') &&
      (named.length > 0 ? waiting !== 0 : (waiting ?? 0) > 0),
  );
  if (file) return { kind: 'fuse', file };
  if (!context?.pending) return undefined;
  const mounts = files.flatMap((one) => remoteMountOf(sample, one) ?? []);
  const mount = mounts.find(({ calls }) => calls && calls.sent > calls.answered);
  return mount ? { kind: 'remote', mount } : { kind: 'unknown' };
}

/** The limit before the disks of all these files, for the one way that the bytes of all these requests go. */
function limitOf(sample: Sample, files: readonly Resource[], requests: readonly AioRequest[]) {
  const ways = new Set(
    requests.map(({ operation }) => directionOf({ operation: operation.replace(/^P/, '') })),
  );
  const [way] = ways.size === 1 ? ways : [];
  return filesLimit(
    sample,
    files.filter((file) => diskOf(sample, file)),
    way,
  );
}

/** As what a request is with, or a thread waits for. */
export function placeWords(place: AioPlace, between: number | undefined): string {
  const since = between === undefined ? '' : ` in the last ${duration(between)}`;
  switch (place.kind) {
    case 'disk':
      return place.disk.suspended
        ? `the disk ${place.disk.name}, which is suspended`
        : `the disk ${place.disk.name}, which has ${counted(inFlightOf(place.disk), 'request')} in flight and has finished none${since}`;
    case 'fuse': {
      const { holder, waiting } = place.file;
      const server = `the FUSE server${holder ? ` ${processName(holder)}` : ''}`;
      return waiting === undefined
        ? `${server}, which has answered none${since}`
        : `${server}, which has ${counted(waiting, 'request')} unanswered`;
    }
    case 'throttle':
      return `${place.limit.text}, while the disk itself has nothing in flight`;
    case 'remote': {
      const { mount, server = 'of the mount', fsType } = place.mount;
      return `the ${printable(fsType, 40)} server ${printable(server, 120)} of ${printable(mount, 200)}, and none has finished${since}`;
    }
    case 'unknown':
      return `, none has finished${since}; which device or server has them is not known`;
  }
}

export function placeRemedy({ kind }: AioPlace): string {
  switch (kind) {
    case 'disk':
      return 'See the kernel log for the device, and what stands behind it.';
    case 'fuse':
      return 'Look at the FUSE server: is it alive, and what does it wait for? Aborting the connection ends the requests with an error.';
    case 'remote':
      return 'See whether the server answers, and the kernel log for “not responding”.';
    case 'throttle':
      return LIMIT_ADVICE;
    case 'unknown':
      return 'Look again: a request of a slow device ends by itself.';
  }
}

/** "pending on the disk loop0 …". */
export function pendingWords(place: AioPlace, between: number | undefined): string {
  const preposition = PREPOSITIONS[place.kind];
  return `pending${preposition === '' ? '' : ` ${preposition}`}${placeWords(place, between)}`;
}
