import { byStanding, together } from '../explain/standing';
import { type HostId, hostKey, hostName, isHere } from '../inspect/hostId';
import { type HostState, hostWords } from '../inspect/hostState';
import type { Inspected } from '../inspect/inspections';
import { t } from '../model/l10n';
import { printable } from '../model/printable';
import { markdownText } from './escape';
import { HOST_CONTEXT } from './ids';
import type { Node, NodeIcon } from './node';
import { standing } from './order';
import { dots, shown } from './words';

/** How the hosts of the window are now. */
export interface HostStates {
  stateOf(key: string): HostState | undefined;
  /** Those that have a row whatever is inspected there. */
  readonly kept: readonly HostId[];
  /** On the clock of the states, milliseconds. */
  now(): number;
}

/** Of a window that knows of no host but this one. */
export const NO_STATES: HostStates = { kept: [], stateOf: () => undefined, now: () => 0 };

/** Whether rows stand below their hosts: not while all are of this machine, seen with this program's own rights. */
export function isGrouped(all: readonly Pick<Inspected, 'host'>[], { kept } = NO_STATES): boolean {
  return kept.length > 0 || all.some(({ host }) => host !== undefined && !isHere(host));
}

/** The way to the process's host is gone or not there yet. */
export function isCutOff(host: HostId | undefined, states: HostStates): boolean {
  const kind = host && states.stateOf(hostKey(host))?.kind;
  return kind === 'lost' || kind === 'failed';
}

/** ` on db1`; nothing for this machine. */
export function onHost({ host }: Pick<Inspected, 'host'>): string {
  return host && !isHere(host) ? t(' on {0}', shown(hostName(host), 64)) : '';
}

/** One row a host, the one with the gravest process first, its processes below it in their order; what was opened from files follows. */
export function hostNodes(
  all: readonly Inspected[],
  states: HostStates,
  row: (inspected: Inspected) => Node,
): readonly Node[] {
  const hosts = new Map(states.kept.map((id) => [hostKey(id), { id, here: [] as Inspected[] }]));
  const saved: Node[] = [];
  for (const inspected of all) {
    const { host } = inspected;
    if (!host) {
      saved.push(row(inspected));
      continue;
    }
    const key = hostKey(host);
    const known = hosts.get(key);
    if (known) known.here.push(inspected);
    else hosts.set(key, { id: host, here: [inspected] });
  }
  const rows = [...hosts]
    .map(([key, { id, here }]) => ({ key, id, here, weight: together(here.map(standing)) }))
    .sort((a, b) => byStanding(a.weight, b.weight))
    .map(({ key, id, here }) => hostNode(key, id, here, states, row));
  return [...rows, ...saved];
}

function hostNode(
  key: string,
  id: HostId,
  here: readonly Inspected[],
  states: HostStates,
  row: (inspected: Inspected) => Node,
): Node {
  const state = states.stateOf(key);
  const label = shown(hostName(id), 64);
  const words = state && hostWords(state, states.now());
  const idle = here.length === 0 && (state?.kind === 'connected' ? t('connected') : t('not connected'));
  const machine = here.find(({ snapshot }) => snapshot.sample)?.snapshot.sample?.host;
  const description = shown(
    words ??
      dots(
        idle,
        idle && t('nothing is inspected there'),
        machine && machine.name !== label && machine.name,
        machine && `Linux ${machine.kernel}`,
        machine?.arch,
      ),
  );
  return {
    id: `host-${key}`,
    host: key,
    label,
    description,
    icon: iconOf(state),
    context: `${HOST_CONTEXT}.${state?.kind ?? 'idle'}`,
    expanded: true,
    spoken: t('host {0}, {1}', label, description),
    tooltip: () => hostTooltip(label, description, state),
    ...(idle ? {} : { children: () => here.map(row) }),
  };
}

function iconOf(state: HostState | undefined): NodeIcon {
  switch (state?.kind) {
    case 'lost':
      return { id: 'debug-disconnect', color: 'list.warningForeground' };
    case 'failed':
      return { id: 'debug-disconnect', color: 'list.errorForeground' };
    case 'connecting':
      return { id: 'loading~spin' };
    default:
      return { id: 'vm' };
  }
}

function hostTooltip(label: string, description: string, state: HostState | undefined): string {
  const parts = [`**${markdownText(label)}**`, description];
  if (state?.kind === 'lost') parts.push(state.why, t('Below is what was seen before.'));
  if (state?.kind === 'failed') {
    const { what, why, remedy } = state.problem;
    parts.push([what, why, remedy ?? ''].join(' '), t('Below is what was seen before.'));
  }
  const [title = '', ...lines] = parts;
  return [title, ...lines.filter(Boolean).map((text) => markdownText(printable(text)))].join('\n\n');
}
