import { isBlank } from './geometry';
import type { RingImage } from './image';

/** Slots of `count` SQEs. One that a later SQE of the SQ array used again, prepared ones included, is no longer the earlier one's. */
export function slotsOf(image: RingImage, first: number, count: number, prepared: number): Int32Array {
  const slots = new Int32Array(count);
  if (image.geometry.arrayAt === undefined) {
    for (let index = 0; index < count; index++) slots[index] = slotOf(image, (first + index) >>> 0);
    return slots;
  }
  const used = new Uint8Array(image.geometry.sqEntries);
  for (let index = count + prepared - 1; index >= 0; index--) {
    const slot = slotOf(image, (first + index) >>> 0);
    if (index < count) slots[index] = slot >= 0 && used[slot] === 0 ? slot : -1;
    if (slot >= 0) used[slot] = 1;
  }
  return slots;
}

/** Slot of the SQE at a position; −1 where the SQ array names none. */
export function slotOf({ geometry, ring }: RingImage, position: number): number {
  const place = position & (geometry.sqEntries - 1);
  if (geometry.arrayAt === undefined) return place;
  const slot = ring.readUInt32LE(geometry.arrayAt + place * 4);
  return slot < geometry.sqEntries ? slot : -1;
}

/**
 * A queue that wrapped has written its last slot, so one in its first lap is known by that. A blank slot there tells as
 * well that no SQE was filled over an older one before it is published, where slots are filled in their order.
 */
export function firstLaps({ geometry, after, ring, sqes }: RingImage): { sq: boolean; cq: boolean } {
  const { sqEntries, cqEntries, sqeSize, cqeSize, cqesAt, arrayAt } = geometry;
  const used = Math.min(after.sqTail, sqEntries);
  const inOrder =
    arrayAt === undefined ||
    (isIdentity(ring, arrayAt, used) &&
      (isIdentity(ring, arrayAt, sqEntries) || isBlank(ring, arrayAt + used * 4, (sqEntries - used) * 4)));
  return {
    sq: inOrder && after.sqTail < sqEntries && isBlank(sqes, (sqEntries - 1) * sqeSize, sqeSize),
    cq:
      after.cqTail < cqEntries &&
      isBlank(ring, cqesAt + after.cqTail * cqeSize, cqeSize) &&
      isBlank(ring, cqesAt + (cqEntries - 1) * cqeSize, cqeSize),
  };
}

/**
 * Whether the next SQE may have been filled in the first slot: a program that names slots in the array as it fills them
 * has either named that one there or not come so far.
 */
export function firstMayBeNext({ geometry: { arrayAt, sqEntries }, ring }: RingImage): boolean {
  return arrayAt !== undefined && !isIdentity(ring, arrayAt, sqEntries);
}

/** Whether what was published while the ring was read can have gone to the slots of other SQEs than the oldest. */
export function isShuffled({ geometry, before, after, ring }: RingImage): boolean {
  const { arrayAt, sqEntries } = geometry;
  if (arrayAt === undefined || before.sqTail === after.sqTail) return false;
  return !isIdentity(ring, arrayAt, sqEntries);
}

function isIdentity(ring: Buffer, at: number, count: number): boolean {
  for (let index = 0; index < count; index++) {
    if (ring.readUInt32LE(at + index * 4) !== index) return false;
  }
  return true;
}
