import { identifier } from './kernelNames';

/**
 * The address of a function on a site that has the kernel's sources, from a template with `${version}` and `${name}`; undefined
 * where that is none for the web.
 */
export function kernelLink(template: string, version: string, symbol: string): string | undefined {
  const values: Readonly<Record<string, string>> = { version, name: identifier(symbol) };
  const link = template.replace(/\$\{(version|name)\}/g, (_, key: string) =>
    encodeURIComponent(values[key] ?? ''),
  );
  try {
    const { protocol, href } = new URL(link);
    return protocol === 'https:' || protocol === 'http:' ? href : undefined;
  } catch {
    return undefined;
  }
}
