import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import type { Link } from './inspect/linking';
import type { NameDumps } from './inspect/traceResult';
import type { BinariesOptions } from './source/binaries';
import { isOfBuild } from './source/elfFile';
import type { LinkSettings } from './source/linkMessages';
import { SampleLinker } from './source/linkSample';
import { serveLinks } from './source/serveLinks';
import { openDebuginfod } from './target/debuginfod';
import { openDemangler } from './target/demangler';
import type { Target } from './target/target';
import { openUnpack } from './target/unpack';
import type { ThreadData } from './target/workerThread';

/**
 * dist/links.js: what links Samples to the program's source. The command line loads it once a process is inspected; the extension
 * runs it in a thread of its own, as LINKS.
 */
export function linkHere(settings: LinkSettings): Link {
  const linkerOf = linkersFor(settings);
  return (target, sample, options) => linkerOf(target).link(sample, options);
}

/** Names stacks that were copied at submits: for a trace. */
export function nameDumpsHere(settings: LinkSettings): NameDumps {
  const linkerOf = linkersFor(settings);
  return (target, of, dumps) => linkerOf(target).nameDumps(of, dumps);
}

function linkersFor(settings: LinkSettings): (target: Target) => SampleLinker {
  const here = optionsFor(settings);
  const linkers = new WeakMap<Target, SampleLinker>();
  return (target) => {
    const linker = linkers.get(target) ?? new SampleLinker(target, here);
    linkers.set(target, linker);
    return linker;
  };
}

function optionsFor({ debuginfod }: LinkSettings): BinariesOptions {
  const unpack = openUnpack(__dirname);
  return {
    unpack,
    demangle: openDemangler(__dirname),
    ...(debuginfod && debuginfod.urls.length > 0
      ? {
          fetchDebugFile: openDebuginfod({
            ...debuginfod,
            isOfBuild: (bytes, buildId) => isOfBuild(bytes, buildId, unpack),
          }),
        }
      : {}),
  };
}

/** What the thread is told that it is for. */
const LINKS = 'links';

const { role, settings } = (workerData ?? {}) as Partial<ThreadData>;
if (!isMainThread && role === LINKS && parentPort)
  serveLinks(parentPort, optionsFor((settings ?? {}) as LinkSettings));
