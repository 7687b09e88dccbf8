import * as vscode from 'vscode';
import type { Host } from '../inspect/host';
import { hostKey } from '../inspect/hostId';
import type { Hosts } from '../inspect/hosts';
import type { Inspections } from '../inspect/inspections';
import { isGrouped } from './hostNodes';
import { CONTEXTS } from './ids';
import { stateOf } from './nodes';
import { onSettingsChange, refreshInterval } from './settings';
import type { Timelines } from './timelinePanel';
import { isTraced } from './tracingCommands';
import type { InspectionTree } from './tree';

/** Seconds between counters while a timeline is seen. */
const COUNTING = 0.4;
/** Seconds between questions whether processes are still there while nobody sees more than the status bar. */
const CHECKING = 5;

/**
 * Looks again on the interval of the settings, but only while somebody sees the tree or a timeline; for a timeline counters are read in
 * between. While neither is seen a process is only asked for now and then: the status bar speaks of it until it has ended.
 */
export function followSchedule(
  inspections: Inspections,
  tree: InspectionTree,
  timelines?: Pick<Timelines, 'visible' | 'onVisible'>,
): vscode.Disposable {
  const apply = () => {
    const interval = refreshInterval();
    inspections.setInterval(tree.visible || timelines?.visible ? interval : undefined);
    inspections.check(interval === undefined ? undefined : CHECKING);
    inspections.count(timelines?.visible ? COUNTING : undefined);
  };
  apply();
  return vscode.Disposable.from(
    onSettingsChange(apply),
    ...(timelines ? [timelines.onVisible(apply)] : []),
    tree.onVisible(({ visible }) => {
      apply();
      if (visible && refreshInterval() !== undefined) void inspections.refreshAll();
    }),
  );
}

/** Tells the menus what can be done. */
export function followContexts(inspections: Inspections, hosts: Hosts): vscode.Disposable {
  const told = new Map<string, boolean>();
  const tell = (context: string, value: boolean) => {
    if ((told.get(context) ?? false) === value) return;
    told.set(context, value);
    void vscode.commands.executeCommand('setContext', context, value);
  };
  const update = () => {
    const { all } = inspections;
    const states = all.map(stateOf);
    tell(CONTEXTS.inspecting, states.length > 0);
    tell(CONTEXTS.live, states.includes('live'));
    tell(CONTEXTS.paused, states.includes('paused'));
    tell(CONTEXTS.tracing, all.some(isTraced));
    const { kept } = hosts;
    tell(CONTEXTS.elsewhere, kept.length > 0 || isGrouped(all));
    const shown = new Set([
      ...kept.map(({ key }) => key),
      ...all.flatMap(({ host }) => (host ? [hostKey(host)] : [])),
    ]);
    const lost = ({ key, state }: Host) =>
      shown.has(key) && (state.kind === 'lost' || state.kind === 'failed');
    tell(CONTEXTS.lost, hosts.all.some(lost));
  };
  const stops = [inspections.onChange(update), hosts.onChange(update)];
  return vscode.Disposable.from(...stops.map((dispose) => ({ dispose })));
}
