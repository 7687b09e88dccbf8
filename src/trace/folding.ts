import type { FoldFormat } from '../target/tracing';
import { EVENT_KINDS, type EventKind, fieldOf } from './events';
import type { EventFormat } from './format';

/** Kinds that the probe knows (enum fold_kind in fold.h). */
const KINDS: ReadonlyMap<EventKind, number> = new Map([
  ['submit', 1],
  ['complete', 2],
  ['file_get', 3],
  ['queue_async_work', 4],
  ['defer', 5],
  ['poll_arm', 6],
  ['task_add', 7],
  ['create', 8],
]);

/**
 * What the probe has to know to count complete lives itself. Undefined where the kernel does not name the request in both submit and
 * completion (before 6.0), or writes them in another way.
 */
export function foldFormats(formats: readonly EventFormat[]): readonly FoldFormat[] | undefined {
  const told = formats.flatMap((format): FoldFormat[] => {
    const name = EVENT_KINDS.get(format.name);
    const kind = name && KINDS.get(name);
    if (kind === undefined) return [];
    const at = (field: Parameters<typeof fieldOf>[1], least: number): number => {
      const found = fieldOf(format, field);
      return found && found.size >= least ? found.offset : 0;
    };
    return [
      {
        id: format.id,
        kind,
        ctx: at('ring', 8),
        req: at('request', 8),
        data: at('userData', 8),
        opcode: name === 'submit' ? at('opcode', 1) : 0,
        value: at('value', name === 'submit' ? 1 : 4),
        flags: name === 'complete' ? at('flags', 4) : name === 'submit' ? at('flags', 1) : 0,
      },
    ];
  });
  const submit = told.find(({ kind }) => kind === 1);
  const complete = told.find(({ kind }) => kind === 2);
  const isWhole = submit && submit.ctx * submit.req * submit.data * submit.opcode !== 0;
  return isWhole && complete && complete.ctx * complete.req * complete.data * complete.flags !== 0
    ? told
    : undefined;
}
