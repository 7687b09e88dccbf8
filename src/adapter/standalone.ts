import { join } from 'node:path';
import { cacheDirectory, LayoutFiles } from '../cli/layoutCache';
import type { DebugServices } from '../debug/services';
import type { OpenHost } from '../inspect/host';
import type { HostId } from '../inspect/hostId';
import { Hosts } from '../inspect/hosts';
import type { Clock, ReadCounters, TakeSample } from '../inspect/inspection';
import type { Linking } from '../inspect/linking';
import { LinkThread } from '../inspect/linkThread';
import { look } from '../inspect/look';
import { openHost } from '../inspect/openHost';
import { readCounters } from '../sample/counters';
import type { LinkSettings } from '../source/linkMessages';
import { environmentUrls } from '../target/debuginfodUrls';
import { probePath } from '../target/probePath';
import type { Asker } from '../target/remoteHost';
import { startThread } from '../target/workerThread';
import type { AdapterAsked } from './arguments';
import { askingNobody } from './askNobody';
import { HostServices } from './hostServices';

/** Milliseconds that a Sample waits for its links to the program's source; what comes later completes it. */
const LINKS_PATIENCE = 1000;
/** Megabytes that the thread which reads binaries may take. */
const LINKS_MEMORY = 512;
/** Seconds between looks. */
const INTERVAL = 2;

const CLOCK: Clock = {
  now: () => performance.now(),
  processor: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
  setTimeout: (callback, milliseconds) => setTimeout(callback, milliseconds),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
};

/** What one session of a process of its own works with; `dist` = the folder of the bundles. `ended` is called once it is let go of. */
export function standaloneServices(asked: AdapterAsked, dist: string, ended: () => void): DebugServices {
  const links = asked.sources ? linksThread(asked, dist) : undefined;
  const nobody: Asker = {
    secret: () => Promise.resolve(undefined),
    confirm: () => Promise.resolve(false),
  };
  const open = opener(asked, dist);
  const hosts = new Hosts(
    (id, _, signal) => askingNobody(id, (asker) => open(id, asker, signal)),
    { user: nobody, quiet: nobody },
    CLOCK,
  );
  const layouts = new LayoutFiles();
  const take =
    (host: HostId, pid: number): TakeSample =>
    (signal, previous, search, { spent, late } = {}) =>
      hosts.of(host).use((target) => {
        const looking = look(target, pid, {
          signal: AbortSignal.any([signal, ...(search?.signal ? [search.signal] : [])]),
          walk: { layouts, ...(search ? { search } : {}) },
          links: links && linking(links, late),
          ...(previous ? { previous } : {}),
        });
        return looking.finally(() => spent?.(target.processor));
      }, signal);
  const read =
    (host: HostId): ReadCounters =>
    (signal, last, { spent }) =>
      hosts
        .of(host)
        .use((target) => readCounters(target, last).finally(() => spent?.(target.processor)), signal);
  return new HostServices({
    host: asked.host,
    hosts,
    clock: CLOCK,
    take,
    read,
    listing: '“inspect-io-uring --all” lists all',
    interval: () => INTERVAL,
    ended: () => {
      hosts.dispose();
      links?.dispose();
      ended();
    },
  });
}

function linking(thread: LinkThread, late: Linking['late']): Linking {
  return { link: thread.link, patience: LINKS_PATIENCE, ...(late ? { late } : {}) };
}

function linksThread({ debuginfod }: AdapterAsked, dist: string): LinkThread {
  const servers = { urls: environmentUrls(), folder: join(cacheDirectory(), 'debuginfod') };
  const settings: LinkSettings = debuginfod ? { debuginfod: servers } : {};
  const bundle = join(dist, 'links.js');
  return new LinkThread(() => startThread(bundle, { role: 'links', settings }, LINKS_MEMORY), CLOCK).begun();
}

function opener(asked: AdapterAsked, dist: string): OpenHost {
  const { kernelMemory, processMemory, keepProbe, probe } = asked;
  const options = {
    probe: (arch?: string) => (arch === undefined ? probePath(dist) : probePath(dist, arch, {})),
    kernelMemory,
    processMemory,
    keepProbe,
    ...(probe === undefined ? {} : { remoteProbe: probe }),
  };
  const ways = async () => (await import('../inspect/ways')).ways();
  return (id, asker, signal) => openHost(id, asker, signal, options, ways);
}
