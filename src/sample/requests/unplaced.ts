import type { Request, RequestState } from '../../model/sample';

/** A request of which one source knows that it is pending; where it stands, only if that source can tell. */
export type Unplaced = Omit<Request, 'ring' | 'state'> & { readonly state?: RequestState };

/** What the request is about, where no descriptor was registered for it: READ_FIXED and READV are reads as much as READ. */
export function familyOf(operation: string): string {
  return FAMILIES.get(operation) ?? operation;
}

/** As the kernel's functions that carry them out, and so stacks, tell them apart (see ring/issueFunctions). */
const FAMILIES = new Map<string, string>([
  ['READV', 'READ'],
  ['READ_FIXED', 'READ'],
  ['READV_FIXED', 'READ'],
  ['READ_MULTISHOT', 'READ'],
  ['WRITEV', 'WRITE'],
  ['WRITE_FIXED', 'WRITE'],
  ['WRITEV_FIXED', 'WRITE'],
  ['OPENAT2', 'OPENAT'],
  ['URING_CMD128', 'URING_CMD'],
  ['NOP128', 'NOP'],
]);
