import { linesOf } from './lines';

/**
 * The limits that stand in a limit file of a control group: io.max `254:0 riops=1` (what is `max` left out), cpu.max,
 * memory.max, version 1's `254:0 1`. A file that limits nothing has none: io.weight `default 100`, an io.cost.qos that is
 * off, memory.limit_in_bytes of all that can be counted.
 */
export function parseCgroupLimits(text: string): string[] {
  return linesOf(text.slice(0, 65_536))
    .map((line) => {
      const words = line.split(/\s+/).filter((word) => word !== '' && !/^\w{1,16}=max$/.test(word));
      const device = /^\d{1,10}:\d{1,10}$/.test(words[0] ?? '');
      return device && (words.length < 2 || words[1] === 'enable=0') ? '' : words.join(' ');
    })
    .filter(
      (line) => line !== '' && line !== '-1' && line !== 'default 100' && !/^max\b|^\d{19,}$/.test(line),
    );
}

/** True where cgroup.freeze says 1, or version 1's freezer.state FREEZING or FROZEN. */
export function parseCgroupFreeze(text: string): boolean {
  return /^(?:1|FROZEN|FREEZING)\n?$/.test(text);
}
