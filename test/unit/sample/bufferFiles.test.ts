import { describe, expect, it } from 'vitest';
import { withBufferFiles } from '../../../src/sample/bufferFiles';
import { requestOf, workerOf } from '../samples';

const MAPS = [
  '7f0000000000-7f0000004000 rw-p 00000000 00:00 0 ',
  '7f0000010000-7f0000014000 rw-p 00000000 00:2d 5  /mnt/data/db',
].join('\n');
const worker = workerOf(10, 'READ', ['filemap_fault', 'handle_mm_fault', 'copy_page_to_iter'], 3);
const at = (address: string, length = 4096) => requestOf({ worker: 10, address, length });
const fileOf = (request: ReturnType<typeof at>, tasks = [worker]) =>
  withBufferFiles([request], tasks, MAPS)[0]?.bufferFile;

describe('the file a request’s memory is a mapping of', () => {
  it('is told where its worker waits in a page fault on it', () => {
    expect(fileOf(at('0x7f0000011000'))).toBe('/mnt/data/db');
    expect(fileOf(at('0x7f0000010000', 0x4000))).toBe('/mnt/data/db');
  });

  it('is none of anonymous memory, beyond the mapping, or of a worker that copies nothing', () => {
    expect(fileOf(at('0x7f0000001000'))).toBeUndefined();
    expect(fileOf(at('0x7f0000010000', 0x4001))).toBeUndefined();
    expect(fileOf(at('0xffffffffffffffff'))).toBeUndefined();
    expect(fileOf(at('0x7f0000011000'), [workerOf(10, 'READ', ['filemap_read'], 3)])).toBeUndefined();
    expect(fileOf({ ...at('0x7f0000011000'), state: 'queued' })).toBeUndefined();
  });
});
