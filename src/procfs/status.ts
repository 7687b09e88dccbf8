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
  nsPgid?: number[];
  capEff?: bigint;
  capBnd?: bigint;
  cpusAllowedList?: string;
  voluntarySwitches?: number;
  involuntarySwitches?: number;
  /** 0 = off, 1 = strict, 2 = filter. */
  seccomp?: number;
}

/** The kernel escapes the name, so no line of the file is the target's to choose. */
export function parseStatus(text: string): Status {
  const lines = new StatusLines(text);
  const status: Status = {};
  const name = lines.value('Name');
  if (name !== undefined) {
    status.name = decodeNameEscapes(name);
  }
  const state = lines.value('State')?.charAt(0);
  if (state !== undefined && /^[A-Za-z]$/.test(state)) {
    status.state = state;
  }
  for (const [key, field] of IDS) {
    setNumber(status, field, lines.value(key));
  }
  for (const [key, field] of LISTS) {
    const value = decimals(lines.value(key));
    if (value !== undefined) {
      status[field] = value;
    }
  }
  const kernelThread = decimal(lines.value('Kthread'));
  if (kernelThread !== undefined) {
    status.kernelThread = kernelThread !== 0;
  }
  setNumber(status, 'threads', lines.value('Threads'));
  const capEff = bigHex(lines.value('CapEff'));
  if (capEff !== undefined) {
    status.capEff = capEff;
  }
  const capBnd = bigHex(lines.value('CapBnd'));
  if (capBnd !== undefined) {
    status.capBnd = capBnd;
  }
  setNumber(status, 'seccomp', lines.value('Seccomp'));
  const cpus = lines.value('Cpus_allowed_list');
  if (cpus !== undefined && /^[\d,-]{1,4096}$/.test(cpus)) {
    status.cpusAllowedList = cpus;
  }
  setNumber(status, 'voluntarySwitches', lines.value('voluntary_ctxt_switches'));
  setNumber(status, 'involuntarySwitches', lines.value('nonvoluntary_ctxt_switches'));
  setNumber(status, 'fdSize', lines.value('FDSize'));
  return status;
}

type NumberField =
  | 'tgid'
  | 'pid'
  | 'ppid'
  | 'tracerPid'
  | 'fdSize'
  | 'threads'
  | 'voluntarySwitches'
  | 'involuntarySwitches'
  | 'seccomp';

function setNumber(status: Status, field: NumberField, text: string | undefined): void {
  const value = decimal(text);
  if (value !== undefined) {
    status[field] = value;
  }
}

const IDS = [
  ['Tgid', 'tgid'],
  ['Pid', 'pid'],
  ['PPid', 'ppid'],
  ['TracerPid', 'tracerPid'],
] as const;

const LISTS = [
  ['Uid', 'uids'],
  ['Gid', 'gids'],
  ['NStgid', 'nsTgid'],
  ['NSpid', 'nsPid'],
  ['NSpgid', 'nsPgid'],
] as const;

/** Finds lines `Key:\tvalue`; quick where they are asked for in the order in which they are printed. */
class StatusLines {
  private readonly text: string;
  private from = 0;

  constructor(text: string) {
    this.text = `\n${text}`;
  }

  value(key: string): string | undefined {
    const label = `\n${key}:\t`;
    let found = this.text.indexOf(label, this.from);
    if (found < 0 && this.from > 0) {
      found = this.text.indexOf(label);
    }
    if (found < 0) {
      return undefined;
    }
    const start = found + label.length;
    const end = this.text.indexOf('\n', start);
    this.from = end < 0 ? start : end;
    return this.text.slice(start, end < 0 ? undefined : end);
  }
}
