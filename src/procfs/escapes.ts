/** Undoes the kernel's `\ooo` escapes of single characters (mountinfo, paths of fdinfo). */
export function decodeOctalEscapes(text: string): string {
  return text.includes('\\')
    ? text.replace(/\\([01][0-7][0-7])/g, (_, digits: string) =>
        String.fromCharCode(Number.parseInt(digits, 8)),
      )
    : text;
}

/** Undoes `\n` and `\\`, the two escapes of a task's name in /proc/PID/status. */
export function decodeNameEscapes(text: string): string {
  return text.includes('\\')
    ? text.replace(/\\([n\\])/g, (_, letter: string) => (letter === 'n' ? '\n' : '\\'))
    : text;
}
