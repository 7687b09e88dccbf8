import type { Origin, Request, Sample, UserFrame } from '../model/sample';
import { isProgramFile, isSystemImage } from './origin/programFiles';

/** A request whose submit was traced. */
export interface RecordedSubmit {
  /** Descriptor of its ring. */
  readonly ringFd: number | undefined;
  readonly operation: string;
  readonly userData: string;
  /** The submitting thread's, innermost first. */
  readonly stack: readonly UserFrame[];
}

/** Steps that are told: the code that submits, and its callers. */
const MOST_STEPS = 8;

/** Kinds of origins that add nothing to a recorded one. */
const TOLD_BETTER: ReadonlySet<Origin['kind']> = new Set(['submitted', 'recorded', 'number']);

/** The program's own code on the stack of a submit, innermost first; all of it where none is told from its libraries. */
export function recordedOrigin(stack: readonly UserFrame[]): readonly Origin[] {
  const own = stack.filter(({ file, binary }) => isProgramFile(file) && !isSystemImage(binary ?? ''));
  const named = stack.filter(({ binary }) => !isSystemImage(binary ?? ''));
  const steps = own.length > 0 ? own : named;
  return steps.slice(0, MOST_STEPS).map(({ function: name, file, line, column }) => ({
    kind: 'recorded',
    function: name,
    ...(file === undefined ? {} : { file }),
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column }),
  }));
}

/**
 * The Sample with the code that has submitted its requests, as traced. A request is told by its ring, operation and user_data, where no other
 * pending one has the same: what was traced is exact, so it goes before what user_data leads to, which says what is to follow.
 */
export function withRecordedOrigins(sample: Sample, submits: readonly RecordedSubmit[]): Sample {
  const fds = new Map(sample.rings.map(({ id, fd }) => [id, fd ?? undefined]));
  const traced = unique(submits, (submit) => keyOf(submit.ringFd, submit));
  const asked = unique(sample.requests, (request) => keyOf(fds.get(request.ring ?? -1), request));
  const requests = sample.requests.map((request): Request => {
    const key = keyOf(fds.get(request.ring ?? -1), request);
    const submit = asked.get(key) === request ? traced.get(key) : undefined;
    const origin = submit && recordedOrigin(submit.stack);
    if (!origin || origin.length === 0) return request;
    const led = request.origin?.filter(({ kind }) => !TOLD_BETTER.has(kind)) ?? [];
    return { ...request, origin: [...origin, ...led] };
  });
  return requests.every((request, index) => request === sample.requests[index])
    ? sample
    : { ...sample, requests };
}

function keyOf(
  ringFd: number | undefined,
  { operation, userData }: { readonly operation: string; readonly userData?: string },
): string | undefined {
  return ringFd === undefined || userData === undefined ? undefined : `${ringFd} ${operation} ${userData}`;
}

/** By key; what shares its key with another is left out. */
function unique<T>(all: readonly T[], key: (one: T) => string | undefined): Map<string | undefined, T> {
  const found = new Map<string | undefined, T>();
  const twice = new Set<string | undefined>([undefined]);
  for (const one of all) {
    const its = key(one);
    if (found.has(its)) twice.add(its);
    else found.set(its, one);
  }
  for (const its of twice) found.delete(its);
  return found;
}
