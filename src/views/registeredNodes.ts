import {
  bufferLine,
  bufferTable,
  fileSlotLine,
  fileTable,
  groupLine,
  openIn,
  type SlotTable,
} from '../explain/registered';
import { t } from '../model/l10n';
import type { Ring, Sample } from '../model/sample';
import { markdownText } from './escape';
import { type Node, paged } from './node';
import { resourceRow } from './resourceNodes';
import { dots, grouped, shown } from './words';

/** What a ring has registered: its files, its buffers, the groups of buffers it may choose from. */
export function registeredNodes(ring: Ring, sample: Sample): readonly Node[] {
  const { bufferGroups = [] } = ring;
  return [
    ...tableRow('registered-files', t('Registered files'), 'files', fileTable(ring), (slot) => {
      const open = openIn(sample, slot);
      return {
        id: `file-${slot.index}`,
        label: `[${slot.index}]  ${shown(fileSlotLine(sample, slot))}`,
        icon: { id: 'file-symlink-file' },
        ...(open ? { children: () => [resourceRow(open)] } : {}),
      };
    }),
    ...tableRow('registered-buffers', t('Registered buffers'), 'symbol-array', bufferTable(ring), (slot) => ({
      id: `buffer-${slot.index}`,
      label: `[${slot.index}]  ${shown(bufferLine(slot))}`,
      icon: { id: 'symbol-array' },
    })),
    ...(bufferGroups.length === 0
      ? []
      : [
          {
            id: 'buffer-groups',
            label: t('Buffer groups ({0})', grouped(bufferGroups.length)),
            icon: { id: 'layers' },
            children: () =>
              paged(bufferGroups, (group) => ({
                id: `group-${group.id}`,
                label: t('group {0}', group.id),
                description: dots(
                  groupLine(group),
                  group.head !== undefined &&
                    group.tail !== undefined &&
                    t('head {0}, tail {1}', group.head, group.tail),
                ),
                icon: { id: 'layers' },
              })),
          },
        ]),
  ];
}

function tableRow<Slot>(
  id: string,
  name: string,
  icon: string,
  table: SlotTable<Slot> | undefined,
  row: (slot: Slot) => Node,
): readonly Node[] {
  if (!table) return [];
  const { count, slots, text } = table;
  return [
    {
      id,
      label: `${name} (${grouped(count)})`,
      description: text,
      icon: { id: icon },
      tooltip: () => `${markdownText(name)}: ${markdownText(text)}`,
      ...(slots?.length ? { children: () => paged(slots, row) } : {}),
    },
  ];
}
