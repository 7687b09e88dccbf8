/** A directory that an overlay is made of. */
export interface OverlayDirectory {
  readonly directory: string;
  /** What is changed is written there. */
  readonly upper: boolean;
}

/**
 * From the super options of an overlay in /proc/PID/mountinfo, the upper directory first: `lowerdir=A:B`, since 6.5 also
 * `lowerdir+=A`. Relative ones are left out; a colon in a name has a backslash before it.
 */
export function overlayDirectories(options: readonly string[]): OverlayDirectory[] {
  const lower: OverlayDirectory[] = [];
  const upper: OverlayDirectory[] = [];
  for (const option of options) {
    const [, name, value = ''] = /^(upperdir|(?:lower|data)dir\+?)=(.*)$/s.exec(option) ?? [];
    if (name === undefined) continue;
    const paths = name.endsWith('+') || name === 'upperdir' ? [value] : value.split(/(?<!\\):+/);
    for (const path of paths) {
      const directory = path.replace(/\\(.)/gs, '$1');
      if (directory.startsWith('/'))
        (name === 'upperdir' ? upper : lower).push({ directory, upper: name === 'upperdir' });
    }
  }
  return [...upper, ...lower];
}
