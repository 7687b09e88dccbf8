/** In which kernels each function is, as lines "name: version version"; versions in order. */
export function writeFound(found: ReadonlyMap<string, readonly string[]>): string {
  const lines = [...found].map(([name, versions]) => `${name}: ${versions.join(' ')}`.trim()).sort();
  return `${['# Which kernels have the functions of the table: npm run functions:record', ...lines].join('\n')}\n`;
}

export function readFound(text: string): Map<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const line of text.split('\n')) {
    const [name, versions = ''] = line.split(':');
    if (name && !line.startsWith('#')) found.set(name, versions.split(' ').filter(Boolean));
  }
  return found;
}
