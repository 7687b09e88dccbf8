import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Asked, type Listening, parseArguments } from './cli/arguments';
import { EXIT, exitCode } from './cli/exitCode';
import { HELP } from './cli/help';
import { cacheDirectory, LayoutFiles } from './cli/layoutCache';
import { listAll, listOne } from './cli/list';
import { pause } from './cli/pause';
import { searchProgress } from './cli/searchProgress';
import { BLIND_WHY, blind, isBlind } from './cli/suspects';
import { columns, complain, print, useColor } from './cli/terminal';
import { terminalAsker } from './cli/terminalAsker';
import { reportText } from './explain/report';
import { type HostId, isHere, LOCAL } from './inspect/hostId';
import type { Linking } from './inspect/linking';
import { look } from './inspect/look';
import { type ErrorCode, UserError } from './model/errors';
import type { Sample } from './model/sample';
import type { TraceDetails } from './model/traceDetails';
import { parseSample, serialize } from './sample/savedSample';
import { environmentUrls } from './target/debuginfodUrls';
import { openDirectory } from './target/directory';
import { openLocal } from './target/local';
import { probePath } from './target/probePath';
import type { Asker } from './target/remoteHost';
import type { Target } from './target/target';

declare const VERSION: string;

/** Milliseconds that what was opened has to close once everything is said. A way to a host may never do so. */
const FAREWELL = 2000;

/** Milliseconds that one look may take to read the program's stacks and binaries. */
const LINKS_PATIENCE = 15_000;

/** Errors that are about the target, not about us or the way we were called. */
const OF_THE_TARGET: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'no-such-process',
  'process-gone',
  'kernel-thread',
  'zombie',
  'not-permitted',
]);

async function main(): Promise<number> {
  const [word, ...others] = process.argv.slice(2);
  if (word === 'completions') {
    const { completions } = await import('./cli/completions/completions');
    await print(await completions(others));
    return EXIT.ok;
  }
  const asked = parseArguments(process.argv.slice(2));
  if (asked.help || asked.version) {
    await print(asked.help ? HELP : `inspect-io-uring ${VERSION}\n`);
    return EXIT.ok;
  }
  if (asked.open !== undefined) return await showSaved(asked, asked.open);
  const { hosts, pid } = asked;
  if (pid === undefined && hosts.length > 1)
    return await listAll(asked, (...how) => openElsewhere(asked, ...how), terminalAsker());
  const [host = LOCAL] = hosts;
  if (isHere(host)) return await inspectOn(asked, host);
  try {
    return await inspectOn(asked, host);
  } catch (error) {
    if (!(error instanceof UserError) || error.code.startsWith('file-')) throw error;
    complain(error);
    return EXIT.notInspected;
  }
}

async function inspectOn(asked: Asked, host: HostId): Promise<number> {
  const target = await open(asked, host);
  try {
    if (asked.pid === undefined) return await listOne(asked, target);
    if (asked.metrics !== undefined) return await serve(target, asked.pid, asked.metrics);
    if (asked.watch !== undefined) return await watch(asked, target, asked.pid, asked.watch);
    if (asked.trace !== undefined) return await traceFor(asked, target, asked.pid, asked.trace);
    const walk = { layouts: new LayoutFiles(), search: { progress: searchProgress(process.stderr) } };
    return await show(asked, await look(target, asked.pid, { walk, links: await links(asked, target) }));
  } finally {
    target.dispose();
  }
}

/** Loaded on demand: who only lists processes need not wait for it. */
async function links({ sources, debuginfod }: Asked, { binaries }: Target): Promise<Linking | undefined> {
  if (!sources || !binaries) return undefined;
  const { linkHere } = await import('./links');
  const servers = { urls: environmentUrls(), folder: join(cacheDirectory(), 'debuginfo') };
  return { link: linkHere(debuginfod ? { debuginfod: servers } : {}), patience: LINKS_PATIENCE };
}

function open(asked: Asked, host: HostId): Promise<Target> {
  if (asked.root !== undefined) return Promise.resolve(openDirectory(asked.root));
  const { kernelMemory, processMemory } = asked;
  return isHere(host)
    ? openLocal(probePath(__dirname), { kernelMemory, processMemory })
    : openElsewhere(asked, host, terminalAsker(), new AbortController().signal);
}

/** Loaded on demand: what leads elsewhere is large. */
async function openElsewhere(asked: Asked, host: HostId, asker: Asker, signal: AbortSignal): Promise<Target> {
  const [{ openHost }, { ways }] = await Promise.all([
    import('./inspect/openHost'),
    import('./inspect/ways'),
  ]);
  const { kernelMemory, processMemory, keepProbe, probe } = asked;
  const options = {
    probe: (arch?: string) => (arch === undefined ? probePath(__dirname) : probePath(__dirname, arch, {})),
    kernelMemory,
    processMemory,
    keepProbe,
    ...(probe === undefined ? {} : { remoteProbe: probe }),
  };
  return openHost(host, asker, signal, options, ways);
}

/** A Sample from elsewhere may be damaged where no check looks. */
async function showSaved(asked: Asked, path: string): Promise<number> {
  const sample = parseSample(await readSaved(path));
  try {
    return await show(asked, sample, await tracedBefore(sample));
  } catch (error) {
    if (error instanceof UserError) throw error;
    const why = `A part of it cannot be read: ${error instanceof Error ? error.message : String(error)}.`;
    throw new UserError(
      'not-a-sample',
      `${path} is a damaged Sample.`,
      why,
      'Save it anew where it was taken.',
    );
  }
}

/** What a saved Sample tells of a trace, as it was shown when it was taken. */
async function tracedBefore({ trace, resources }: Sample): Promise<string> {
  if (trace === undefined) return '';
  const { traceText } = await import('./explain/reportTrace');
  return `${traceText(trace, resources)}\n`;
}

async function show(asked: Asked, sample: Sample, before = '', traced?: TraceDetails): Promise<number> {
  if (asked.save !== undefined) await save(asked.save, sample);
  const written = await inFormat(asked, sample, traced);
  if (written !== undefined) await print(written);
  else if (asked.json) await print(serialize(sample));
  else {
    const report = reportText(sample, { color: useColor(), width: columns(), verbose: asked.verbose });
    await print(before + report);
  }
  if (isBlind(sample)) {
    complain(new UserError('not-permitted', blind(sample.process.pid), BLIND_WHY, moreRights(asked, sample)));
    return EXIT.notInspected;
  }
  return exitCode(asked.failOn, sample.findings);
}

/** What is asked for in place of the report. Loaded on demand. */
async function inFormat(
  { format, diff }: Asked,
  sample: Sample,
  traced: TraceDetails | undefined,
): Promise<string | undefined> {
  if (diff !== undefined) {
    const { differenceText } = await import('./inspect/exports/difference');
    return differenceText(parseSample(await readSaved(diff)), sample);
  }
  if (format === undefined) return undefined;
  const { written } = await import('./cli/formats');
  return written(format, sample, traced);
}

/** Serves the numbers of a process until the user ends it or the process ends. */
async function serve(target: Target, pid: number, where: Listening): Promise<number> {
  const { serveMetrics } = await import('./cli/metrics');
  const layouts = new LayoutFiles();
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  const take = (previous?: Sample) => look(target, pid, { previous, signal: stop.signal, walk: { layouts } });
  const served = await serveMetrics(where, take, stop.signal, () => target.processor);
  process.stderr.write(`Numbers of process ${pid} at ${served.url}. Ctrl-C ends it.\n`);
  await served.ended;
  return EXIT.ok;
}

/** How to come by the rights that are missing; undefined where none would help. */
function moreRights({ hosts }: Asked, { process: { pid }, notVisible }: Sample): string | undefined {
  if (!notVisible.some(({ missing }) => missing !== undefined)) return undefined;
  return hosts.every(isHere) ? `Run with sudo: sudo inspect-io-uring ${pid}` : 'Run it with --sudo.';
}

/** Traces first and looks then: what is pending shows where it was submitted. The code of it is loaded on demand. */
async function traceFor(asked: Asked, target: Target, pid: number, seconds: number): Promise<number> {
  const { traceProcess } = await import('./tracing');
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  const walk = { layouts: new LayoutFiles() };
  const linking = await links(asked, target);
  const enough = () => pause(seconds * 1000, stop.signal);
  const traced = await traceProcess(target, pid, { walk, sources: asked.sources, enough });
  const sample = traced.onto(await look(target, pid, { walk, links: linking }));
  return await show(asked, sample, `${traced.text(sample)}\n`, traced.details);
}

/** Follows the process until it ends or the user has seen enough. Loaded on demand. */
async function watch(asked: Asked, target: Target, pid: number, seconds: number): Promise<number> {
  const { followProcess } = await import('./cli/watch');
  let worst: number = EXIT.ok;
  const stop = new AbortController();
  const walk = { layouts: new LayoutFiles() };
  const linking = await links(asked, target);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  const ended = await followProcess(target, {
    seconds,
    paced: asked.paced === true,
    signal: stop.signal,
    look: (previous) => look(target, pid, { previous, signal: stop.signal, walk, links: linking }),
    show: async (sample, trend) => {
      worst = Math.max(worst, exitCode(asked.failOn, sample.findings));
      if (asked.json) return print(`${JSON.stringify(sample)}\n`);
      const clear = process.stdout.isTTY ? '\u001b[H\u001b[2J' : '';
      const report = reportText(sample, { color: useColor(), width: columns(), verbose: asked.verbose });
      await print(`${clear}${report}${trend}\n`);
    },
  });
  if (ended) process.stderr.write(`Process ${pid} has ended.\n`);
  return worst;
}

async function readSaved(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new UserError('file-unreadable', `${path} cannot be read.`, `${codeOf(error)}.`, 'Check the name.');
  }
}

async function save(path: string, sample: Sample): Promise<void> {
  try {
    await writeFile(path, serialize(sample), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    const code = codeOf(error);
    const remedy = code === 'EEXIST' ? 'Choose a name that does not exist yet.' : 'Choose another place.';
    throw new UserError('file-unwritable', `The Sample was not saved to ${path}.`, `${code}.`, remedy);
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}

// `inspect-io-uring PID | head` closes our stdout: nothing is left to say then.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.error);
});

main().then(
  (code) => {
    process.exitCode = code;
    setTimeout(() => process.exit(), FAREWELL).unref();
  },
  (error: unknown) => {
    if (error instanceof UserError) {
      complain(error);
      process.exitCode = OF_THE_TARGET.has(error.code) ? EXIT.notInspected : EXIT.error;
      return;
    }
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(
      `inspect-io-uring: something went wrong that should not have: ${message}\nPlease report it with the command you ran.\n`,
    );
    process.exitCode = EXIT.error;
  },
);
