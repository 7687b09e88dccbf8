import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import type { Link } from './inspect/linking';
import { SampleLinker } from './source/linkSample';
import { serveLinks } from './source/serveLinks';
import { openDemangler } from './target/demangler';
import type { Target } from './target/target';
import { unpack } from './target/unpack';

/**
 * dist/links.js: what links Samples to the program's source. The command line loads it once a process is inspected; the extension
 * runs it in a thread of its own, as LINKS.
 */
export function linkHere(): Link {
  const here = optionsHere();
  const linkers = new WeakMap<Target, SampleLinker>();
  return (target, sample, options) => {
    const linker = linkers.get(target) ?? new SampleLinker(target, here);
    linkers.set(target, linker);
    return linker.link(sample, options);
  };
}

const optionsHere = () => ({ unpack, demangle: openDemangler(__dirname) });

/** What the thread is told that it is for. */
const LINKS = 'links';

if (!isMainThread && workerData === LINKS && parentPort) serveLinks(parentPort, optionsHere());
