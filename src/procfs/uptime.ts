/** /proc/uptime: seconds since boot, the time asleep included. */
export function parseUptime(text: string): number | undefined {
  const match = /^(\d{1,15}\.\d{1,9}) \d{1,15}\.\d{1,9}\s*$/.exec(text.slice(0, 64));
  return match === null ? undefined : Number(match[1]);
}
