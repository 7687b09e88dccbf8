import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OpenHost } from '../../../src/inspect/host';
import { Hosts } from '../../../src/inspect/hosts';
import { Inspections } from '../../../src/inspect/inspections';
import { LinkThread } from '../../../src/inspect/linkThread';
import { look } from '../../../src/inspect/look';
import { startThread } from '../../../src/target/workerThread';
import { childrenOf, openTestTarget } from './probe';
import { CHECKOUT } from './programs';
import type { Running } from './victim';

/** The inspections of a window, wired as the editor's door does it, with this machine behind them. */
export interface Window {
  readonly inspections: Inspections;
  /** Pid of the probe that is in use; undefined before the first look. */
  probe(): number | undefined;
  /** How often a probe was started. */
  started(): number;
  /** Seconds the longest look took. */
  slowest(): number;
  close(): void;
}

const CLOCK = {
  now: () => performance.now(),
  processor: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
  setTimeout: (callback: () => void, milliseconds: number) => setTimeout(callback, milliseconds),
  clearTimeout: (handle: unknown) => clearTimeout(handle as NodeJS.Timeout),
};

/** As the extension has it, src/views/sourceLinks.ts. */
const PATIENCE = 1000;
const MEMORY = 512;

const NOBODY = { secret: async () => undefined, confirm: async () => false };

/** Closed when the test has ended. `open`: another host than this machine, whose probe nevertheless runs here. */
export function openWindow(running: Running, open: OpenHost = openTestTarget): Window {
  let probe: number | undefined;
  let started = 0;
  let slowest = 0;
  const opened: OpenHost = async (id, asker, signal) => {
    const target = await open(id, asker, signal);
    probe = target.self;
    started++;
    return target;
  };
  const thread = new LinkThread(
    () => startThread(join(CHECKOUT, 'dist/links.js'), { role: 'links' }, MEMORY),
    CLOCK,
  );
  const hosts = new Hosts(opened, { user: NOBODY, quiet: NOBODY }, CLOCK);
  const inspections = new Inspections(
    (host, pid) => (signal, previous, _search, told) =>
      hosts.of(host).use(async (target) => {
        const started = performance.now();
        try {
          const links = { link: thread.link, patience: PATIENCE, ...(told?.late ? { late: told.late } : {}) };
          return await look(target, pid, { signal, previous, links });
        } finally {
          told?.spent?.(target.processor);
          slowest = Math.max(slowest, (performance.now() - started) / 1000);
        }
      }, signal),
    CLOCK,
  );
  const close = () => {
    inspections.dispose();
    hosts.dispose();
    thread.dispose();
  };
  running.onTestFinished(close);
  return { inspections, probe: () => probe, started: () => started, slowest: () => slowest, close };
}

/** What a process takes of the machine; zeros once it is gone. */
export interface Taken {
  /** Resident memory, in KiB. */
  readonly memory: number;
  /** The most it ever was. */
  readonly peak: number;
  readonly descriptors: number;
  readonly threads: number;
  /** Milliseconds of processor time, of those children as well that it has collected. */
  readonly processor: number;
}

/** Milliseconds of USER_HZ, which is 100 on every architecture the probe is built for. */
const TICK = 10;

export function takenBy(pid: number): Taken {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    const field = (name: string) => Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(status)?.[1] ?? 0);
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = fields.slice(11, 15).reduce((sum, text) => sum + Number(text), 0);
    const descriptors = readdirSync(`/proc/${pid}/fd`).length;
    return {
      memory: field('VmRSS'),
      peak: field('VmHWM'),
      descriptors,
      threads: field('Threads'),
      processor: ticks * TICK,
    };
  } catch {
    return { memory: 0, peak: 0, descriptors: 0, threads: 0, processor: 0 };
  }
}

/** The probe and its readers together. */
export function takenByProbe(pid: number): Taken & { readonly readers: number } {
  const readers = childrenOf(pid);
  const all = [pid, ...readers].map(takenBy);
  const sum = (of: (taken: Taken) => number) => all.reduce((total, taken) => total + of(taken), 0);
  return {
    memory: sum(({ memory }) => memory),
    peak: sum(({ peak }) => peak),
    descriptors: sum(({ descriptors }) => descriptors),
    threads: sum(({ threads }) => threads),
    processor: sum(({ processor }) => processor),
    readers: readers.length,
  };
}
