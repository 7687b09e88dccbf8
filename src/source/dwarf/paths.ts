/** `file` as seen from `directory`, both of Linux, with `.`, `..` and doubled slashes resolved. */
export function joinPath(directory: string, file: string): string {
  const path = file.startsWith('/') || directory === '' ? file : `${directory}/${file}`;
  if (!/\/\/|(^|\/)\.\.?(\/|$)/.test(path)) return path;
  const absolute = path.startsWith('/');
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (!absolute) parts.push(part);
  }
  return `${absolute ? '/' : ''}${parts.join('/')}`;
}

/** All before the last slash. */
export function directoryOf(path: string): string {
  const end = path.lastIndexOf('/');
  return end > 0 ? path.slice(0, end) : end === 0 ? '/' : '';
}

export const baseOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
