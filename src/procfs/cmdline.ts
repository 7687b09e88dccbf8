/**
 * /proc/PID/cmdline: the arguments; none for kernel threads and zombies. Empty arguments at the end are
 * left out, because programs that rewrite their title pad it with NUL.
 */
export function parseCmdline(text: string): string[] {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 0) {
    end--;
  }
  return end === 0 ? [] : text.slice(0, end).split('\0');
}
