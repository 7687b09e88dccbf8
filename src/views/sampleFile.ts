import type { Sample } from '../model/sample';

/** A name for a saved sample: `server-4242-2026-11-22T20-00-00.json`. Holds nothing of the target's but letters, digits and `._-`. */
export function sampleFileName({ process, takenAt }: Pick<Sample, 'process' | 'takenAt'>): string {
  const name = process.name.replace(/[^A-Za-z0-9._-]+/g, '_').replace(/^[._-]+/, '') || 'process';
  const time = takenAt.slice(0, 19).replace(/[^0-9T-]/g, '-');
  return `${name}-${process.pid}-${time}.json`;
}
