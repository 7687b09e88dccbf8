/** One field of an event's record. */
export interface EventField {
  /** Bytes from the record's beginning. */
  readonly offset: number;
  readonly size: number;
  readonly signed: boolean;
}

/** How the running kernel writes an event (events/io_uring/NAME/format). */
export interface EventFormat {
  readonly name: string;
  /** What the first two bytes of its records say. */
  readonly id: number;
  readonly fields: ReadonlyMap<string, EventField>;
}

/** Bytes of a record, at the most: what claims more is no format. */
const MOST = 65_536;

/** Undefined for what is no format file. Fields with lengths that cannot be are left out. */
export function parseFormat(text: string): EventFormat | undefined {
  const name = /^name: (\w+)$/m.exec(text)?.[1];
  const id = /^ID: (\d{1,5})$/m.exec(text)?.[1];
  if (name === undefined || id === undefined || Number(id) > 0xffff) return undefined;
  const fields = new Map<string, EventField>();
  for (const [, declared = '', offset, size, signed] of text.matchAll(FIELD)) {
    const field = declared.replace(/\[[^\]]*\]$/, '').match(/(\w+)$/)?.[1];
    const at = Number(offset);
    const length = Number(size);
    if (field !== undefined && at + length <= MOST)
      fields.set(field, { offset: at, size: length, signed: signed === '1' });
  }
  return { name, id: Number(id), fields };
}

const FIELD = /^\tfield:([^;\n]{1,200});\toffset:(\d{1,6});\tsize:(\d{1,6});(?:\tsigned:([01]);)?/gm;

/** How a page of the ring buffer begins (events/header_page). */
export interface PageLayout {
  /** Of the field that says how many bytes are written: 8 on 64-bit kernels, 4 on others. */
  readonly commitSize: 4 | 8;
  /** Where events begin. */
  readonly data: number;
}

export const USUAL_PAGE: PageLayout = { commitSize: 8, data: 16 };

export function parseHeaderPage(text: string): PageLayout {
  const fields = new Map<string, EventField>();
  for (const [, declared = '', offset, size] of text.matchAll(FIELD)) {
    const field = declared.match(/(\w+)$/)?.[1];
    if (field !== undefined) fields.set(field, { offset: Number(offset), size: Number(size), signed: false });
  }
  const commit = fields.get('commit');
  const data = fields.get('data');
  if (commit?.offset !== 8 || !data || data.offset < 8 + commit.size || data.offset > 64) return USUAL_PAGE;
  return { commitSize: commit.size === 4 ? 4 : 8, data: data.offset };
}
