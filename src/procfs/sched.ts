import { decimal } from './numbers';

export interface Sched {
  /** Seconds since boot when the task last got a processor, from se.exec_start. */
  readonly execStart: number;
  readonly switches?: number;
  readonly voluntarySwitches?: number;
  readonly involuntarySwitches?: number;
}

/** /proc/PID/sched (CONFIG_SCHED_DEBUG). The first line holds the task's raw name: rows are read below the rule. */
export function parseSched(text: string): Sched | undefined {
  const rule = text.indexOf('\n--------------------');
  if (rule < 0) {
    return undefined;
  }
  const milliseconds = rowValue(text, 'se.exec_start', rule);
  if (milliseconds === undefined || !/^\d{1,15}\.\d{6}$/.test(milliseconds)) {
    return undefined;
  }
  const switches = decimal(rowValue(text, 'nr_switches', rule));
  const voluntarySwitches = decimal(rowValue(text, 'nr_voluntary_switches', rule));
  const involuntarySwitches = decimal(rowValue(text, 'nr_involuntary_switches', rule));
  return {
    execStart: Number(milliseconds) / 1000,
    ...(switches === undefined ? {} : { switches }),
    ...(voluntarySwitches === undefined ? {} : { voluntarySwitches }),
    ...(involuntarySwitches === undefined ? {} : { involuntarySwitches }),
  };
}

/** The value of the whole row `key   :   value`; a row that was cut off has none. */
function rowValue(text: string, key: string, from: number): string | undefined {
  const start = text.indexOf(`\n${key} `, from);
  const end = start < 0 ? -1 : text.indexOf('\n', start + 1);
  if (end < 0 || end - start > 256) {
    return undefined;
  }
  const colon = text.indexOf(':', start);
  return colon < 0 || colon > end ? undefined : text.slice(colon + 1, end).trim();
}
