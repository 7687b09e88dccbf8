import type * as vscode from 'vscode';
import type { TakeSample } from './inspect/inspection';
import { type Inspected, Inspections } from './inspect/inspections';
import { Machine } from './inspect/machine';
import { inspectCommands } from './views/inspectCommands';
import { inspectionCommands } from './views/inspectionCommands';
import { learnMoreCommand } from './views/learnMore';
import type { ListProcesses } from './views/processPicker';
import { sampleCommands } from './views/sampleCommands';
import { followContexts, followSchedule } from './views/schedule';
import { kernelMemory, probePath } from './views/settings';
import { StatusBar } from './views/statusBar';
import { Subjects } from './views/subject';
import { InspectionTree } from './views/tree';

/** What `activate` gives to tests in the extension host. Not for other extensions: it may change. */
export interface TestApi {
  /** What stands in the tree now, in its order. */
  inspections(): readonly Inspected[];
  /** The whole tree unfolded, as text, two spaces a level. */
  treeText(): string;
}

/** Wires the editor's door. Nothing is read, started or loaded before the first command that needs it. */
export function activate(context: vscode.ExtensionContext): TestApi {
  const machine = new Machine(async () => {
    const { openLocal } = await import('./target/local');
    const { probePath: shippedProbe } = await import('./target/probePath');
    return openLocal(probePath() ?? shippedProbe(__dirname), { kernelMemory: kernelMemory() });
  });
  const take =
    (pid: number): TakeSample =>
    (signal, previous, search) =>
      machine.use(async (target) => {
        const { look } = await import('./inspect/look');
        const options = { signal: AbortSignal.any([signal, ...(search?.signal ? [search.signal] : [])]) };
        const walk = search ? { walk: { search } } : {};
        return look(target, pid, { ...options, ...walk, ...(previous ? { previous } : {}) });
      });
  const list: ListProcesses = (all, signal) =>
    machine.use(async (target) => {
      const { listProcesses } = await import('./sample/listProcesses');
      return listProcesses(target, { all, signal });
    });

  const inspections = new Inspections(take, {
    now: () => performance.now(),
    setTimeout: (callback, milliseconds) => setTimeout(callback, milliseconds),
    clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
  });
  const tree = new InspectionTree(inspections);
  const subjects = new Subjects(inspections, tree);
  const releaseWhenIdle = () => {
    if (inspections.all.length === 0) machine.release();
  };
  inspections.onChange(releaseWhenIdle);

  context.subscriptions.push(
    { dispose: () => machine.release() },
    inspections,
    tree,
    new StatusBar(inspections),
    followSchedule(inspections, tree),
    followContexts(inspections),
    ...inspectCommands(inspections, tree, list, releaseWhenIdle),
    ...inspectionCommands(inspections, tree, subjects),
    ...sampleCommands(inspections, tree, subjects),
    learnMoreCommand(context.extensionUri),
  );
  return { inspections: () => inspections.all, treeText: () => tree.text() };
}
