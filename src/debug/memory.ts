import type { DebugProtocol } from '@vscode/debugprotocol';
import { UserError } from '../model/errors';
import type { DebugServices } from './services';
import { whole } from './stackTrace';
import type { Subject } from './subject';

/** Bytes of one answer; a viewer asks again for more. */
const MOST = 1 << 20;
/** Bytes of one question to the door. */
const PIECE = 64 << 10;
const END = 1n << 64n;

/** Bytes of the process's memory, as many as there are up to the first that cannot be read. */
export async function readMemory(
  services: Pick<DebugServices, 'memory'>,
  subject: Subject,
  args: Partial<DebugProtocol.ReadMemoryArguments>,
  signal: AbortSignal,
): Promise<NonNullable<DebugProtocol.ReadMemoryResponse['body']>> {
  const { memoryReference, offset = 0 } = args;
  const count = whole(args.count);
  const valid = typeof memoryReference === 'string' && /^(0x[\da-f]{1,16}|\d{1,20})$/i.test(memoryReference);
  if (!valid || count === undefined || !Number.isSafeInteger(offset))
    throw new UserError(
      'debug-unknown',
      'This is no place in memory.',
      'A place is an address as “0x7f12…”, an offset and a count of bytes.',
    );
  if (subject.kind === 'saved')
    throw new UserError(
      'debug-saved',
      'This memory cannot be read.',
      'A saved Sample holds no memory of the process, whose buffers may hold secrets.',
      'Attach to the process itself while it runs.',
    );
  const from = BigInt(memoryReference) + BigInt(offset);
  const address = `0x${from < 0n ? '0' : from.toString(16)}`;
  if (from < 0n || from >= END) return { address, unreadableBytes: count };
  const wanted = Math.min(count, MOST, Number(END - from));
  const pieces: Uint8Array[] = [];
  let got = 0;
  while (got < wanted) {
    signal.throwIfAborted();
    const length = Math.min(PIECE, wanted - got);
    const piece = await services.memory(subject.host, subject.followed.pid, from + BigInt(got), length);
    pieces.push(piece.subarray(0, length));
    got += Math.min(piece.length, length);
    if (piece.length < length) break;
  }
  return {
    address,
    ...(got < wanted ? { unreadableBytes: count - got } : {}),
    ...(got > 0 ? { data: Buffer.concat(pieces).toString('base64') } : {}),
  };
}
