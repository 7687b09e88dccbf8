import { operationLabel } from '../explain/words';
import { printable } from '../model/printable';
import type { Item } from './items';
import type { ShownFrame } from './picture';
import { scopesOf } from './scopes';
import type { About } from './stack';

/** Rows of a group, and characters of a row. */
const MOST = 20;
const WIDE = 1000;

/** What a frame is called whose text stands for its source: without slashes, which clients take for folders. */
export function toldName(about: About): string {
  return printable(called(about), 64).replaceAll('/', '_');
}

function called(about: About): string {
  switch (about.kind) {
    case 'task':
      return about.kernel?.function ?? about.user?.function ?? `thread ${about.task.tid}`;
    case 'request':
      return operationLabel(about.request.operation);
    case 'ring':
      return `ring ${about.ring.id}`;
    case 'aio':
      return about.request?.operation ?? `Linux AIO context ${about.context.id}`;
    case 'astray':
      return 'request';
  }
}

/** What is known of a frame, as a text: that of its variables which is not below others. */
export function toldText({ name, thread, about, picture }: ShownFrame): string {
  const scopes = scopesOf(about, picture.sample).filter(({ expensive }) => expensive !== true);
  return [
    printable(name, WIDE),
    printable(thread.name, WIDE),
    ...scopes.flatMap(({ name: title, below }) => ['', title, ...rows(below).flatMap(rowLines)]),
    '',
    ...(about.kind === 'task' && about.kernel
      ? ['No code of the program is here. “Go to Kernel Source” on the frame leads to the kernel’s.', '']
      : []),
  ].join('\n');
}

function rows({ named, indexed }: NonNullable<Item['below']>): readonly Item[] {
  const count = Math.min(indexed?.count ?? 0, MOST);
  return [...(named?.() ?? []), ...Array.from({ length: count }, (_, index) => indexed?.at(index))].filter(
    (item) => item !== undefined,
  );
}

/** A finding says why and what to do. */
function rowLines({ name, value, below }: Item): readonly string[] {
  const more = (below?.named?.() ?? []).filter((one) => REASONS.has(one.name));
  return [
    `  ${name}: ${printable(value, WIDE)}`,
    ...more.map((one) => `    ${one.name}: ${printable(one.value, WIDE)}`),
  ];
}

const REASONS: ReadonlySet<string> = new Set(['why', 'what to do']);
