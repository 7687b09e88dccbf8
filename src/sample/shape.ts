/** What a field of a saved Sample may be: a plain type, a list of one shape, or a record of known fields. */
export type Shape = 'string' | 'number' | 'boolean' | readonly [Shape] | { readonly [field: string]: Shape };

/** A place in the program, by the function it is in. */
export const CODE = { function: 'string', file: 'string', line: 'number', column: 'number' } as const;

export const FRAME: Shape = {
  ...CODE,
  address: 'string',
  trust: 'string',
  binary: 'string',
  binaryModified: 'number',
  md5: 'string',
  inlined: 'boolean',
};
