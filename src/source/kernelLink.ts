import { identifier } from './kernelNames';

// biome-ignore lint/suspicious/noTemplateCurlyInString: the user's own template has them too
export const KERNEL_LINK = 'https://elixir.bootlin.com/linux/${version}/C/ident/${name}';

/** The address of a function on a site that has the kernel's sources; undefined where the template is none for the web. */
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
