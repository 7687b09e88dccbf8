import { readFile, writeFile } from 'node:fs/promises';
import { type Asked, HELP, parseArguments } from './cli/arguments';
import { type HostAnswer, listHosts, ranked } from './cli/hostList';
import { LayoutFiles } from './cli/layoutCache';
import { searchProgress } from './cli/searchProgress';
import { terminalAsker } from './cli/terminalAsker';
import { processTable } from './explain/processTable';
import { reportText } from './explain/report';
import { type HostId, hostName, isHere, LOCAL } from './inspect/hostId';
import type { Linking } from './inspect/linking';
import { look } from './inspect/look';
import { type ErrorCode, UserError } from './model/errors';
import { printable } from './model/printable';
import type { ProcessSummary } from './model/process';
import type { Sample, Severity } from './model/sample';
import { listProcesses } from './sample/listProcesses';
import { parseSample, serialize } from './sample/savedSample';
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

const EXIT = { ok: 0, error: 1, finding: 3, notInspected: 4 } as const;

/** Errors that are about the target, not about us or the way we were called. */
const OF_THE_TARGET: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'no-such-process',
  'process-gone',
  'kernel-thread',
  'zombie',
  'not-permitted',
]);

async function main(): Promise<number> {
  const asked = parseArguments(process.argv.slice(2));
  if (asked.help) return print(HELP);
  if (asked.version) return print(`inspect-io-uring ${VERSION}\n`);
  if (asked.open !== undefined) return await showSaved(asked, asked.open);
  const { hosts, pid } = asked;
  if (pid === undefined && hosts.length > 1) return await listAll(asked);
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
    if (asked.pid === undefined) return await list(asked, target);
    if (asked.watch !== undefined) return await watch(asked, target, asked.pid, asked.watch);
    const walk = { layouts: new LayoutFiles(), search: { progress: searchProgress(process.stderr) } };
    return await show(asked, await look(target, asked.pid, { walk, links: await links(asked, target) }));
  } finally {
    target.dispose();
  }
}

/** Loaded on demand: who only lists processes need not wait for it. */
async function links({ sources }: Asked, { binaries }: Target): Promise<Linking | undefined> {
  if (!sources || !binaries) return undefined;
  const { linkHere } = await import('./links');
  return { link: linkHere(), patience: LINKS_PATIENCE };
}

function open(asked: Asked, host: HostId): Promise<Target> {
  if (asked.root !== undefined) return Promise.resolve(openDirectory(asked.root));
  const { kernelMemory } = asked;
  return isHere(host)
    ? openLocal(probePath(__dirname), { kernelMemory })
    : openElsewhere(asked, host, terminalAsker(), new AbortController().signal);
}

/** Loaded on demand: what leads elsewhere is large. */
async function openElsewhere(asked: Asked, host: HostId, asker: Asker, signal: AbortSignal): Promise<Target> {
  const [{ openHost }, { ways }] = await Promise.all([
    import('./inspect/openHost'),
    import('./inspect/ways'),
  ]);
  const { kernelMemory, keepProbe, probe } = asked;
  const options = {
    probe: (arch?: string) => (arch === undefined ? probePath(__dirname) : probePath(__dirname, arch, {})),
    kernelMemory,
    keepProbe,
    ...(probe === undefined ? {} : { remoteProbe: probe }),
  };
  return openHost(host, asker, signal, options, ways);
}

async function listAll(asked: Asked): Promise<number> {
  const answers = await listHosts(
    asked.hosts,
    (host, asker, signal) => openElsewhere(asked, host, asker, signal),
    terminalAsker(),
    (target, signal) => listProcesses(target, { all: asked.all, signal }),
  );
  for (const { host, failure } of answers)
    if (failure !== undefined) process.stderr.write(`inspect-io-uring: ${printable(host)}: ${failure}\n`);
  if (answers.some(({ rows }) => rows !== undefined)) await printRows(asked, ranked(answers));
  return answers.some(({ failure }) => failure !== undefined) ? EXIT.notInspected : EXIT.ok;
}

async function list(asked: Asked, target: Target): Promise<number> {
  const [host = LOCAL] = asked.hosts;
  const found = await listProcesses(target, { all: asked.all });
  const answer: HostAnswer = { host: hostName(host), rows: found };
  return printRows(asked, isHere(host) ? found : ranked([answer]));
}

function printRows(asked: Asked, rows: readonly ProcessSummary[]): Promise<number> {
  if (asked.json) return print(`${JSON.stringify(rows, null, 1)}\n`);
  return print(processTable(rows, { color: useColor(), width: columns() }));
}

/** A Sample from elsewhere may be damaged where no check looks. */
async function showSaved(asked: Asked, path: string): Promise<number> {
  const sample = parseSample(await readSaved(path));
  try {
    return await show(asked, sample);
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

async function show(asked: Asked, sample: Sample): Promise<number> {
  if (asked.save !== undefined) await save(asked.save, sample);
  if (asked.json) await print(serialize(sample));
  else await print(reportText(sample, { color: useColor(), width: columns(), verbose: asked.verbose }));
  if (isBlind(sample)) {
    complain(
      new UserError(
        'not-permitted',
        `Process ${sample.process.pid} could not be looked into.`,
        'It belongs to another user or does not let itself be inspected; only its tasks’ states were readable.',
        asked.hosts.every(isHere)
          ? `Run with sudo: sudo inspect-io-uring ${sample.process.pid}`
          : 'Run it with --sudo.',
      ),
    );
    return EXIT.notInspected;
  }
  return exitCode(asked.failOn, sample);
}

/** Neither files nor stacks could be read: the Sample says next to nothing. */
function isBlind(sample: Sample): boolean {
  return (
    sample.resources.length === 0 &&
    sample.notVisible.some((row) => row.what.startsWith('open files')) &&
    sample.tasks.every((task) => task.kernelStack === undefined && task.wchan === undefined)
  );
}

async function watch(asked: Asked, target: Target, pid: number, seconds: number): Promise<number> {
  let previous: Sample | undefined;
  let worst: number = EXIT.ok;
  const stop = new AbortController();
  const layouts = new LayoutFiles();
  const linking = await links(asked, target);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  while (!stop.signal.aborted) {
    try {
      const options = { previous, signal: stop.signal, walk: { layouts }, links: linking };
      previous = await look(target, pid, options);
    } catch (error) {
      // The end of the process is the natural end of watching it.
      const ended =
        error instanceof UserError && (error.code === 'process-gone' || error.code === 'no-such-process');
      if (previous === undefined || !ended) throw error;
      process.stderr.write(`Process ${pid} has ended.\n`);
      return worst;
    }
    worst = Math.max(worst, exitCode(asked.failOn, previous));
    if (asked.json) await print(`${JSON.stringify(previous)}\n`);
    else {
      const clear = process.stdout.isTTY ? '\u001b[H\u001b[2J' : '';
      await print(
        `${clear}${reportText(previous, { color: useColor(), width: columns(), verbose: asked.verbose })}\n`,
      );
    }
    await pause(seconds * 1000, stop.signal);
  }
  return worst;
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
}

const SEVERITIES: readonly Severity[] = ['info', 'warning', 'critical'];

function exitCode(failOn: Severity | undefined, sample: Sample): number {
  if (failOn === undefined) return EXIT.ok;
  const least = SEVERITIES.indexOf(failOn);
  return sample.findings.some((f) => SEVERITIES.indexOf(f.severity) >= least) ? EXIT.finding : EXIT.ok;
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

function useColor(): boolean {
  return process.stdout.isTTY === true && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';
}

function columns(): number {
  return process.stdout.isTTY ? Math.min(process.stdout.columns ?? 100, 140) : 100;
}

/** Resolves once the text is handed on, so that a pipe gets all of it; always 0, the code of success. */
function print(text: string): Promise<number> {
  return new Promise((resolve) => process.stdout.write(text, () => resolve(EXIT.ok)));
}

function complain(error: UserError): void {
  const remedy = error.remedy === undefined ? '' : `\n${error.remedy}`;
  process.stderr.write(`inspect-io-uring: ${error.what} ${error.why}${remedy}\n`);
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
