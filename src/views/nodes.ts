import { inContainer } from '../explain/containerWords';
import { programName } from '../explain/programName';
import { headline } from '../explain/summary';
import { processName } from '../explain/words';
import type { Inspected } from '../inspect/inspections';
import type { InspectionProblem } from '../inspect/problem';
import { t } from '../model/l10n';
import { printable } from '../model/printable';
import type { Blindness, Sample } from '../model/sample';
import { activityNode } from './activityNodes';
import { aioNodes } from './aioNodes';
import { markdownCode, markdownText } from './escape';
import { findingNodes } from './findingNodes';
import { goroutineNodes } from './goroutineNodes';
import { type HostStates, hostNodes, isCutOff, isGrouped, NO_STATES } from './hostNodes';
import { ROOT_CONTEXT } from './ids';
import { type Node, type NodeIcon, paged, placed, unshowable } from './node';
import { inOrder } from './order';
import { resourceNodes } from './resourceNodes';
import { ringNodes } from './ringNodes';
import { taskNodes } from './taskNodes';
import { tracedNodes } from './tracedNodes';
import { clock, dayAndClock, dots, shown } from './words';

/**
 * The whole tree: one root a process, the gravest first, below it the answer, then the proof; below their hosts where there are
 * others than this. `dress` = what another view changes of them.
 */
export function rootNodes(
  all: readonly Inspected[],
  states: HostStates = NO_STATES,
  dress: (roots: readonly Node[]) => readonly Node[] = (roots) => roots,
): readonly Node[] {
  const row = (inspected: Inspected) => rowOf(inspected, states);
  const ordered = inOrder(all);
  return placed(dress(isGrouped(all, states) ? hostNodes(ordered, states, row) : ordered.map(row)));
}

function rowOf(inspected: Inspected, states: HostStates): Node {
  try {
    return rootNode(inspected, isGrouped([inspected]) && isCutOff(inspected.host, states));
  } catch (error) {
    const { key, savedAs = key } = inspected;
    const context = `${ROOT_CONTEXT}.${stateOf(inspected)}`;
    return { ...unshowable(error), id: key, label: shown(savedAs), inspection: key, context };
  }
}

/** What a root row can do, for its menus. */
export function stateOf({ savedAs, snapshot }: Inspected): 'live' | 'paused' | 'ended' | 'saved' {
  if (savedAs !== undefined) return 'saved';
  return snapshot.state === 'starting' ? 'live' : snapshot.state;
}

/** `server (4242)`, or the bare pid before its first look. */
export function titleOf({ pid, snapshot: { sample } }: Inspected): string {
  return sample
    ? processName({ pid: sample.process.pid, name: programName(sample.process) })
    : t('process {0}', pid);
}

/** `cutOff`: the row of its host says why nothing new is seen. */
function rootNode(inspected: Inspected, cutOff: boolean): Node {
  const { key, snapshot } = inspected;
  const { sample } = snapshot;
  const state = stateOf(inspected);
  const asOf = cutOff && sample && t('as of {0}', clock(sample.takenAt));
  const description = dots(sample ? headline(sample) : t('looking…'), stateWords(inspected), asOf);
  const title = titleOf(inspected);
  return {
    id: key,
    inspection: key,
    label: title,
    description,
    icon: cutOff ? { id: 'debug-disconnect' } : rootIcon(inspected),
    context: `${ROOT_CONTEXT}.${state}`,
    expanded: true,
    spoken: `${title}, ${description}`,
    tooltip: () => rootTooltip(inspected),
    children: () => [
      ...(snapshot.problem && !cutOff ? [problemNode(snapshot.problem, sample !== undefined)] : []),
      ...(sample ? sampleNodes(sample, moreRights(inspected, sample), besides(inspected)) : []),
    ],
  };
}

/** Says when the picture is not of now. */
function stateWords(inspected: Inspected): string | undefined {
  const { snapshot, savedAs } = inspected;
  const taken = snapshot.sample?.takenAt;
  if (savedAs !== undefined) return taken === undefined ? t('saved') : t('saved {0}', dayAndClock(taken));
  if (snapshot.state === 'paused')
    return taken === undefined ? t('paused') : t('paused at {0}', clock(taken));
  if (snapshot.state === 'ended')
    return taken === undefined ? t('ended') : t('ended; as of {0}', clock(taken));
  return undefined;
}

function rootIcon(inspected: Inspected): NodeIcon {
  const state = stateOf(inspected);
  if (state === 'saved') return { id: 'archive' };
  if (state === 'paused') return { id: 'debug-pause' };
  if (state === 'ended') return { id: 'circle-slash' };
  return inspected.snapshot.sample ? { id: 'pulse' } : { id: 'loading~spin' };
}

/** Key of the inspection where the rights of root would show more, and can be had. */
function moreRights({ key, host, snapshot }: Inspected, { rights }: Sample): string | undefined {
  const can = host !== undefined && !host.sudo && rights.uid !== 0 && snapshot.state !== 'ended';
  return can ? key : undefined;
}

/** What an inspection knows beyond its newest look. */
function besides(inspected: Inspected): readonly Node[] {
  const isLooking = stateOf(inspected) !== 'saved';
  return [...tracedNodes(inspected), ...(isLooking ? [activityNode(inspected.snapshot)] : [])];
}

function sampleNodes(sample: Sample, sudo: string | undefined, beside: readonly Node[]): readonly Node[] {
  return [
    ...findingNodes(sample),
    ...beside,
    ...ringNodes(sample),
    ...aioNodes(sample),
    ...taskNodes(sample),
    ...goroutineNodes(sample),
    ...resourceNodes(sample),
    ...blindNodes(sample.notVisible, sudo),
  ];
}

function problemNode({ what, why, remedy }: InspectionProblem, stale: boolean): Node {
  return {
    id: 'problem',
    label: shown(what),
    description: dots(shown(why), stale && t('below is what was seen before')),
    icon: { id: 'warning', color: 'list.warningForeground' },
    tooltip: () => [what, why, remedy ?? ''].map((text) => markdownText(printable(text))).join('\n\n'),
    spoken: [what, why, remedy ?? ''].map((text) => shown(text, 1000)).join(' '),
  };
}

function blindNodes(blind: readonly Blindness[], sudo: string | undefined): readonly Node[] {
  if (blind.length === 0) return [];
  return [
    {
      id: 'not-visible',
      label: t('Not visible ({0})', blind.length),
      icon: { id: 'eye-closed' },
      tooltip: () => t('What the inspector could not see, why, and what would show it\\.'),
      children: () => paged(blind, (row) => blindRow(row, sudo)),
    },
  ];
}

/** `sudo` = the inspection that can begin anew with more rights. */
function blindRow({ what, why, remedy, missing }: Blindness, sudo: string | undefined): Node {
  const cure = remedy === undefined ? undefined : shown(remedy, 1000);
  return {
    id: what,
    label: shown(what),
    description: shown(why),
    icon: { id: 'eye-closed' },
    tooltip: () => [what, why, remedy ?? ''].map((text) => markdownText(printable(text))).join('\n\n'),
    ...(cure === undefined
      ? {}
      : {
          children: () => [
            { id: 'remedy', label: t('What would show it'), description: cure, icon: { id: 'lightbulb' } },
            ...(sudo !== undefined && missing !== undefined
              ? [{ id: 'sudo', label: t('Inspect with more rights (sudo)…'), icon: { id: 'shield' }, sudo }]
              : []),
          ],
        }),
  };
}

function rootTooltip(inspected: Inspected): string {
  const { snapshot, savedAs } = inspected;
  const { sample, cost } = snapshot;
  if (!sample) return markdownText(titleOf(inspected));
  const { process, host } = sample;
  const contained = inContainer(process);
  const lines = [
    `**${markdownText(titleOf(inspected))}** — ${markdownText(printable(headline(sample)))}`,
    markdownCode(shown(process.command.join(' '), 400) || t('(no command line)')),
    [
      t('seen at {0}', markdownText(dayAndClock(sample.takenAt))),
      t('on {0}', markdownText(printable(`${host.name}, Linux ${host.kernel}, ${host.arch}`))),
      ...(contained === undefined ? [] : [markdownText(contained)]),
    ]
      .map((fact) => `- ${fact}`)
      .join('\n'),
  ];
  if (savedAs !== undefined)
    lines.push(t('Opened from {0}\\. It does not change\\.', markdownCode(printable(savedAs))));
  if (snapshot.state === 'paused') lines.push(t('Paused: this picture is frozen\\.'));
  if (cost !== undefined) lines.push(t('One look takes {0} ms\\.', Math.max(1, Math.round(cost * 1000))));
  return lines.join('\n\n');
}
