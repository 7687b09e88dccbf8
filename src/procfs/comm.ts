/** /proc/PID/comm: the task's raw name, which may itself hold line feeds. */
export function parseComm(text: string): string {
  return text.endsWith('\n') ? text.slice(0, -1) : text;
}
