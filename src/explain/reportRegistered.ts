import type { Ring } from '../model/sample';
import { bufferLine, bufferTable, fileSlotLine, fileTable, groupLine, type SlotTable } from './registered';
import type { Context } from './reportContext';
import { wrap } from './style';
import { counted } from './words';

/** What a ring has registered, one line a slot in use. */
export function registeredLines({ sample, width }: Context, ring: Ring): string[] {
  const { bufferGroups = [] } = ring;
  return [
    ...tableLines('registered files', fileTable(ring), (slot) => fileSlotLine(sample, slot)),
    ...tableLines('registered buffers', bufferTable(ring), bufferLine),
    ...bufferGroups.map((group) => `    buffer group ${group.id}: ${groupLine(group)}`),
  ].flatMap((line) => wrap(line, width, '          '));
}

function tableLines<Slot extends { readonly index: number }>(
  name: string,
  table: SlotTable<Slot> | undefined,
  line: (slot: Slot) => string,
): string[] {
  if (!table) return [];
  return [
    `    ${name}: ${counted(table.count, 'slot')}, ${table.text}`,
    ...(table.slots ?? []).map((slot) => `      [${slot.index}] ${line(slot)}`),
  ];
}
