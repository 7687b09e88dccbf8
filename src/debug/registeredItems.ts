import { bufferLine, fileSlotLine, openIn } from '../explain/registered';
import { resourceLine } from '../explain/resourceLine';
import type { RegisteredBuffer, RegisteredFile, Sample } from '../model/sample';
import { fact, type Item, memoryOf } from './items';
import { resourceItem } from './resourceItems';

/** A slot of a ring's registered files, with what is open in it. */
export function fileSlotItem(slot: RegisteredFile, sample: Sample, name = `[${slot.index}]`): Item {
  const { fd, direct, kind, path } = slot;
  const open = openIn(sample, slot);
  return {
    name,
    value: fileSlotLine(sample, slot),
    type: 'registered file',
    ...(fd === undefined ? {} : { evaluate: `fd ${fd}` }),
    below: {
      named: () => [
        ...fact('slot', slot.index),
        ...(open ? [{ ...resourceItem(open, sample), name: 'file', value: resourceLine(open) }] : []),
        ...fact('descriptor', direct ? 'none in this process' : fd),
        ...(open ? [] : [...fact('kind', kind), ...fact('path', path), ...fact('name', slot.name)]),
      ],
    },
  };
}

/** A slot of a ring's registered buffers; its bytes are read when somebody looks at its memory. */
export function bufferSlotItem(slot: RegisteredBuffer, name = `[${slot.index}]`): Item {
  const { index, address, length, pieces, pieceSize, kernelOwned, cloned } = slot;
  const memory = length === 0 ? {} : memoryOf(address);
  return {
    name,
    value: bufferLine(slot),
    type: 'registered buffer',
    ...memory,
    below: {
      named: () => [
        ...fact('slot', index),
        ...fact('address', address, memory),
        ...fact('length', length),
        ...fact('pinned pieces', pieces),
        ...fact('bytes of a piece, at most', pieceSize),
        ...fact('memory of the kernel', kernelOwned),
        ...fact('held by another slot or ring, too', cloned),
      ],
    },
  };
}
