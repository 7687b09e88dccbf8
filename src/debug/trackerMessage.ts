/** A message of the debug adapter protocol with only what is looked at; anybody may have written it. */
export type Fields = Readonly<Record<string, unknown>>;

export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

export function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}

/** A pid or tid, as a number or as the text of one; `1234-inspector9229` counts as its number. */
export function idOf(value: unknown): number | undefined {
  const digits = typeof value === 'string' ? /^\s*(\d{1,10})\s*(?:[-:]\S*)?$/.exec(value)?.[1] : value;
  const id = typeof digits === 'string' ? Number(digits) : digits;
  return typeof id === 'number' && Number.isInteger(id) && id > 0 && id < 2 ** 31 ? id : undefined;
}
