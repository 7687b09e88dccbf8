/** /proc/PID/wchan: the function a task sleeps in; undefined while it runs, or where the kernel hides it (`0`). */
export function parseWchan(text: string): string | undefined {
  const name = text.trim();
  return name === '' || name === '0' || name.length > 512 || /[^\x21-\x7e]/.test(name) ? undefined : name;
}
