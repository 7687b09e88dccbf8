import { decodeNameEscapes } from './escapes';
import { bigHex, decimal, decimals } from './numbers';

/** /proc/PID/status as far as it is asked for; a field the kernel did not print, or printed oddly, is absent. */
export interface Status {
  name?: string;
  /** The letter: R S D T t Z X I P. */
  state?: string;
  tgid?: number;
  pid?: number;
  ppid?: number;
  /** 0 = not traced. */
  tracerPid?: number;
  /** Real, effective, saved, file system. */
  uids?: number[];
  gids?: number[];
  fdSize?: number;
  threads?: number;
  /** `Kthread:`, 6.8+. */
  kernelThread?: boolean;
  /** From the reader's pid namespace inwards. */
  nsTgid?: number[];
  nsPid?: number[];
  capEff?: bigint;
  cpusAllowedList?: string;
  voluntarySwitches?: number;
  involuntarySwitches?: number;
  /** 0 = off, 1 = strict, 2 = filter. */
  seccomp?: number;
}

/** The kernel escapes the name, so no line of the file is the target's to choose. */
export function parseStatus(text: string): Status {
  const fields = firstFields(text);
  const status: Status = {};
  const name = fields.get('Name');
  if (name !== undefined) {
    status.name = decodeNameEscapes(name);
  }
  const state = fields.get('State')?.charAt(0);
  if (state !== undefined && /^[A-Za-z]$/.test(state)) {
    status.state = state;
  }
  const kernelThread = decimal(fields.get('Kthread'));
  if (kernelThread !== undefined) {
    status.kernelThread = kernelThread !== 0;
  }
  const capEff = bigHex(fields.get('CapEff'));
  if (capEff !== undefined) {
    status.capEff = capEff;
  }
  const cpus = fields.get('Cpus_allowed_list');
  if (cpus !== undefined && /^[\d,-]{1,4096}$/.test(cpus)) {
    status.cpusAllowedList = cpus;
  }
  for (const [key, field] of NUMBERS) {
    const value = decimal(fields.get(key));
    if (value !== undefined) {
      status[field] = value;
    }
  }
  for (const [key, field] of LISTS) {
    const value = decimals(fields.get(key));
    if (value !== undefined) {
      status[field] = value;
    }
  }
  return status;
}

const NUMBERS = [
  ['Tgid', 'tgid'],
  ['Pid', 'pid'],
  ['PPid', 'ppid'],
  ['TracerPid', 'tracerPid'],
  ['FDSize', 'fdSize'],
  ['Threads', 'threads'],
  ['voluntary_ctxt_switches', 'voluntarySwitches'],
  ['nonvoluntary_ctxt_switches', 'involuntarySwitches'],
  ['Seccomp', 'seccomp'],
] as const;

const LISTS = [
  ['Uid', 'uids'],
  ['Gid', 'gids'],
  ['NStgid', 'nsTgid'],
  ['NSpid', 'nsPid'],
] as const;

const WANTED = new Set<string>([
  'Name',
  'State',
  'Kthread',
  'CapEff',
  'Cpus_allowed_list',
  ...NUMBERS.map(([key]) => key),
  ...LISTS.map(([key]) => key),
]);

/** `Key:\tvalue` lines, the first of each key. */
function firstFields(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  let start = 0;
  while (start < text.length && fields.size < WANTED.size) {
    const found = text.indexOf('\n', start);
    const end = found < 0 ? text.length : found;
    const colon = text.indexOf(':\t', start);
    if (colon < 0) {
      break;
    }
    if (colon < end && colon - start < 32) {
      const key = text.slice(start, colon);
      if (WANTED.has(key) && !fields.has(key)) {
        fields.set(key, text.slice(colon + 2, end));
      }
    }
    start = end + 1;
  }
  return fields;
}
