import english from '../../package.nls.json';

/** What stands in package.json, with the texts that an editor puts in the places of their keys. */
export function inWords<T>(contributed: T, words: Readonly<Record<string, string>> = english): T {
  const withWords = (_: string, value: unknown) => {
    const [, key] = typeof value === 'string' ? (/^%(.+)%$/.exec(value) ?? []) : [];
    return key === undefined ? value : words[key];
  };
  return JSON.parse(JSON.stringify(contributed), withWords) as T;
}
