import { join } from 'node:path';
import type * as vscode from 'vscode';
import type { OpenHost } from './inspect/host';
import { type HostId, hostKey, isHere, LOCAL } from './inspect/hostId';
import { Hosts } from './inspect/hosts';
import type { ReadCounters, TakeSample } from './inspect/inspection';
import { type Inspected, Inspections } from './inspect/inspections';
import { KernelLines } from './inspect/kernelLines';
import type { BeginTrace } from './inspect/processTracing';
import { UserError } from './model/errors';
import type { Asker } from './target/remoteHost';
import type { Target } from './target/target';
import { editorAskers } from './views/asker';
import { WaitingCodeLenses } from './views/codeLens';
import { debugging } from './views/debugging';
import { exportCommand } from './views/exportCommand';
import { Followed } from './views/followed';
import { hostCommands, leaveIdleHosts } from './views/hostCommands';
import type { KnownHosts } from './views/hostRows';
import { PICK_PROCESS } from './views/ids';
import { type Beginning, beginner, inspectCommands, pickOn } from './views/inspectCommands';
import { inspectionCommands } from './views/inspectionCommands';
import type { KernelIndexes } from './views/kernelIndexes';
import { KernelSource } from './views/kernelSource';
import { learnMoreCommand } from './views/learnMore';
import { LineMarks } from './views/lineMarks';
import { type DrawnMark, Marks } from './views/marks';
import type { ListProcesses } from './views/processPicker';
import { RecentHosts } from './views/recentHosts';
import { sampleCommands } from './views/sampleCommands';
import { followContexts, followSchedule } from './views/schedule';
import { Secrets } from './views/secrets';
import {
  configuredHosts,
  keepProbe,
  kernelMemory,
  probePath,
  processMemory,
  refreshInterval,
  remoteProbePath,
} from './views/settings';
import { sourceCommands } from './views/sourceCommands';
import { SourceFiles } from './views/sourceFiles';
import { SourceLinks } from './views/sourceLinks';
import { SourceVersions } from './views/sourceVersions';
import { StatusBar } from './views/statusBar';
import { Subjects } from './views/subject';
import { Timelines } from './views/timelinePanel';
import { tracingCommands } from './views/tracingCommands';
import { TrackedDocuments } from './views/trackedDocuments';
import { InspectionTree } from './views/tree';

/** What `activate` gives to tests in the extension host. Not for other extensions: it may change. */
export interface TestApi {
  /** What stands in the tree now, in its order. */
  inspections(): readonly Inspected[];
  /** The whole tree unfolded, as text, two spaces a level. */
  treeText(): string;
  /** The process of another debug session that is followed, and its view unfolded as text. */
  debuggee(): Inspected | undefined;
  debuggeeText(): string;
  /** What the status bar says; undefined where it says nothing. */
  statusBar(): string | undefined;
  /** The marks in the visible editors. */
  marks(): readonly DrawnMark[];
  /** The class whose errors the extension knows. */
  readonly UserError: typeof UserError;
  /** From now on hosts that are not this machine are opened by `other`, which can open this machine for them. */
  openHostsBy(other: (id: HostId, asker: Asker, here: () => Promise<Target>) => Promise<Target>): void;
}

/** Wires the editor's door. Nothing is read, started or loaded before the first command that needs it. */
export function activate(context: vscode.ExtensionContext): TestApi {
  const clock = {
    now: () => performance.now(),
    processor: () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1000;
    },
    setTimeout: (callback: () => void, milliseconds: number) => setTimeout(callback, milliseconds),
    clearTimeout: (handle: unknown) => clearTimeout(handle as NodeJS.Timeout),
  };
  let open: OpenHost = openHere;
  const secrets = new Secrets(context.secrets);
  const hosts = new Hosts((...asked) => open(...asked), editorAskers(secrets), clock);
  const links = new SourceLinks(join(__dirname, 'links.js'), context.globalStorageUri.fsPath, clock);
  const take =
    (host: HostId, pid: number): TakeSample =>
    (signal, previous, search, { spent, late } = {}) =>
      hosts.of(host).use(async (target) => {
        const { look } = await import('./inspect/look');
        const options = {
          signal: AbortSignal.any([signal, ...(search?.signal ? [search.signal] : [])]),
          links: await links.linking(late),
        };
        const walk = search ? { walk: { search } } : {};
        const looking = look(target, pid, { ...options, ...walk, ...(previous ? { previous } : {}) });
        return looking.finally(() => spent?.(target.processor));
      }, signal);
  const list =
    (host: HostId): ListProcesses =>
    (all, signal) =>
      hosts.of(host).use(async (target) => {
        const { listProcesses } = await import('./sample/listProcesses');
        return listProcesses(target, { all, signal });
      }, signal);

  const read =
    (host: HostId): ReadCounters =>
    (signal, last, { spent }) =>
      hosts.of(host).use(async (target) => {
        const { readCounters } = await import('./sample/counters');
        return readCounters(target, last).finally(() => spent?.(target.processor));
      }, signal);
  const trace =
    (host: HostId): BeginTrace =>
    (pid) =>
      hosts.of(host).use(async (target) => {
        const { startTrace } = await import('./inspect/tracing');
        const names = links.nameDumps;
        return { running: await startTrace(target, pid, names ? {} : { stackBytes: 0 }), names };
      });
  const inspections = new Inspections(take, clock, read, trace);
  const debuggees = new Inspections(take, clock);
  const tree = new InspectionTree(inspections, hosts);
  const subjects = new Subjects(inspections, tree, debuggees);
  const timelines = new Timelines(context.extensionUri, inspections);
  const recent = new RecentHosts(context.globalState);
  const files = new SourceFiles();
  const tracked = new TrackedDocuments();
  const versions = new SourceVersions();
  const lineMarks = new LineMarks(inspections, files, tracked, versions);
  const marks = new Marks(context.extensionUri, inspections, lineMarks);
  const followed = new Followed(debuggees, hosts);
  const ended = () => leaveIdleHosts(hosts, inspections, debuggees);
  const beginning: Beginning = {
    hosts,
    inspections,
    tree,
    list,
    knownHosts: () => knownHosts(recent),
    reached: (host) => recent.add(host),
    ended,
  };
  const inspectOn = beginner(beginning);
  const kernelSource = new KernelSource(
    [
      { inspections, tree },
      { inspections: debuggees, tree: followed.tree },
    ],
    new KernelLines(hosts, links.kernelLine),
    once(() => kernelIndexes(context)),
  );
  /** What a debug session works with: the hosts of this window, and the thread that links. */
  const sessionServices = async () => {
    const { HostServices } = await import('./adapter/hostServices');
    const findSource = async (file: string) => {
      const found = await files.find(file);
      return found.kind === 'one' ? found.uri.fsPath : undefined;
    };
    return new HostServices({
      host: LOCAL,
      hosts,
      clock,
      take,
      read,
      listing: `“Inspect io_uring: Show All Processes” lists all, and "${PICK_PROCESS}" in its place lets you pick one`,
      interval: refreshInterval,
      findSource,
      ended,
    });
  };
  const statusBar = new StatusBar(inspections);
  inspections.onChange(ended);
  debuggees.onChange(ended);
  hosts.onBack(({ id }) => void Promise.all([inspections, debuggees].map((some) => some.refreshAll(id))));

  context.subscriptions.push(
    hosts,
    inspections,
    debuggees,
    followed,
    links,
    tree,
    statusBar,
    files,
    tracked,
    versions,
    marks,
    new WaitingCodeLenses(inspections, lineMarks),
    timelines,
    timelines.command(subjects),
    followSchedule(inspections, tree, timelines),
    followContexts(inspections, hosts),
    ...inspectCommands(beginning, inspectOn),
    ...hostCommands(hosts, inspections, tree, subjects, secrets, inspectOn),
    ...inspectionCommands(inspections, tree, subjects),
    ...tracingCommands(inspections, tree, subjects),
    ...sampleCommands(inspections, tree, subjects),
    exportCommand(inspections, subjects),
    ...sourceCommands(files, tracked, tree),
    learnMoreCommand(context.extensionUri),
    kernelSource.register(),
    ...debugging({
      tree,
      kernelSource,
      inspectOn,
      services: sessionServices,
      pick: pickOn(beginning),
      debuggee: (session) => followed.debuggeeOf(session),
      inspected: (host, pid) =>
        inspections.all.find((one) => one.pid === pid && one.host && hostKey(one.host) === hostKey(host))
          ?.key,
    }),
  );
  return {
    UserError,
    inspections: () => inspections.all,
    treeText: () => tree.text(),
    debuggee: () => debuggees.all[0],
    debuggeeText: () => followed.tree.text(),
    statusBar: () => statusBar.text,
    marks: () => marks.drawn,
    openHostsBy: (other) => {
      open = (id, asker, signal) => {
        const here = () => openHere(LOCAL, asker, signal);
        return isHere(id) ? here() : other(id, asker, here);
      };
    },
  };
}

/** As the settings say now. */
const openHere: OpenHost = async (id, asker, signal) => {
  const { openHost } = await import('./inspect/openHost');
  const { probePath: shippedProbe } = await import('./target/probePath');
  const { ways } = await import('./inspect/ways');
  const remoteProbe = remoteProbePath();
  const options = {
    probe: (arch?: string) =>
      arch === undefined ? probePath() || shippedProbe(__dirname) : shippedProbe(__dirname, arch, {}),
    kernelMemory: kernelMemory(),
    processMemory: processMemory(),
    keepProbe: keepProbe(),
    ...(remoteProbe === undefined ? {} : { remoteProbe }),
  };
  return openHost(id, asker, signal, options, ways);
};

async function kernelIndexes({ globalStorageUri }: vscode.ExtensionContext): Promise<KernelIndexes> {
  const { KernelIndexes: Indexes } = await import('./views/kernelIndexes');
  return new Indexes(globalStorageUri.fsPath, join(__dirname, 'kernelIndexer.js'));
}

/** What it makes is made when first asked for. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

async function knownHosts(recent: RecentHosts): Promise<KnownHosts> {
  const { sshHostNames } = await import('./target/ssh/connect');
  return {
    local: process.platform === 'linux',
    recent: recent.all,
    configured: configuredHosts(),
    // A configuration that cannot be understood says so when a host of it is connected to.
    aliases: await sshHostNames().catch(() => []),
  };
}
