import type { Debuggee } from '../debug/tracker';
import { type HostId, hostKey } from '../inspect/hostId';
import { t } from '../model/l10n';
import { COMMANDS } from './ids';
import type { Node } from './node';
import { taskId } from './taskNodes';
import { dots, shown } from './words';

/** What stands in the way of following a debuggee, as far as anything does. */
export type Hindrance =
  /** The debugger has not told which process it is. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'elsewhere'; readonly name: string; readonly way?: HostId }
  /** The process with its pid is another one. */
  | { readonly kind: 'another'; readonly pid: number };

/** A thread of the debugger's that a row leads to. */
export interface CallStackThread {
  readonly session: string;
  readonly thread: number;
}

export interface Dressing {
  readonly session: string;
  readonly debuggee: Debuggee;
  readonly hindrance?: Hindrance;
  /** The debugger's number of each thread, by tid. */
  readonly threads: ReadonlyMap<number, number>;
}

/** The rows of a debuggee: those of an inspection, and below each thread of a stopped one the way to it in the Call Stack. */
export function followedRows(roots: readonly Node[], dressing: Dressing): readonly Node[] {
  if (roots.length === 0) return dressing.hindrance ? [hindranceRow(dressing.hindrance)] : [];
  const { debuggee, threads } = dressing;
  if (debuggee.run !== 'stopped' || threads.size === 0) return roots;
  const ways = new Map(
    [...threads].map(([tid, thread]) => [taskId({ tid }), callStackRow(thread, dressing)]),
  );
  const dress = (node: Node): Node => {
    const { children } = node;
    if (!children) return node;
    const way = ways.get(node.id);
    return { ...node, children: () => (way ? [way, ...children()] : children().map(dress)) };
  };
  return roots.map(dress);
}

function callStackRow(thread: number, { session, debuggee }: Dressing): Node {
  const name = debuggee.threads.get(thread) ?? '';
  const isWhy = debuggee.stop?.thread === thread;
  const target: CallStackThread = { session, thread };
  return {
    id: 'call-stack',
    label: t('In the Call Stack'),
    description: dots(
      shown(name || t('thread {0}', thread)),
      isWhy && t('stopped: {0}', shown(debuggee.stop?.reason ?? '', 64)),
    ),
    icon: { id: 'debug-alt' },
    tooltip: () => t('Opens the line at which the debugger shows this thread\\.'),
    command: { id: COMMANDS.showInCallStack, title: t('Show in the Call Stack'), arguments: [target] },
  };
}

function hindranceRow(hindrance: Hindrance): Node {
  switch (hindrance.kind) {
    case 'unknown':
      return {
        id: 'unknown',
        label: t('The debugger has not told which process it debugs'),
        description: t('some tell it only when the program stops for the first time'),
        icon: { id: 'question' },
      };
    case 'another':
      return {
        id: 'another',
        label: t('Process {0} of this machine is not the one being debugged', hindrance.pid),
        description: t('that runs in a container or on another machine: click to inspect it there'),
        icon: { id: 'vm' },
        command: { id: COMMANDS.inspectOnHost, title: t('Inspect io_uring on a Host…'), arguments: [] },
      };
    case 'elsewhere': {
      const { name, way } = hindrance;
      return {
        id: 'elsewhere',
        label: t('The program runs on {0}', shown(name, 64)),
        description: way ? t('click to look at it there') : t('click to inspect it there'),
        icon: { id: 'vm-connect' },
        command: way
          ? { id: COMMANDS.followThere, title: t('Follow It There'), arguments: [{ way: hostKey(way) }] }
          : { id: COMMANDS.inspectOnHost, title: t('Inspect io_uring on a Host…'), arguments: [] },
      };
    }
  }
}

/** Beside the title: which session it is, and what its process does, in the debugger's words. */
export function subtitle(name: string, { run, stop }: Debuggee): string {
  const state = stop
    ? t('stopped ({0})', shown(stop.reason, 64))
    : run === 'running'
      ? t('running')
      : undefined;
  return dots(shown(name, 64), state);
}
