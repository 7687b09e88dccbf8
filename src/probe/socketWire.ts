/** Bodies and answers of the verb sockets: the kernel's own structures (linux/unix_diag.h, inet_diag.h, tcp.h). */
import type { InetQuestion, TcpInfo, TcpSocket, UnixSocket } from './socketProtocol';
import { u32 } from './wire';

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
/** TCP_LISTEN, for unix sockets too. */
const LISTEN = 10;

const UNIX_HEAD = 16;
const unixAttributes = { name: 0, peer: 2, pending: 3, queues: 4 } as const;

const INET_HEAD = 72;
const INFO = 2;
/** Up to tcpi_last_ack_recv; later kernels append. */
const INFO_BYTES = 60;
const ATTRIBUTE_HEAD = 4;

export function encodeUnixQuestion(inode: number): Buffer {
  const body = Buffer.alloc(5);
  body.writeUInt8(AF_UNIX, 0);
  body.writeUInt32LE(u32(inode), 1);
  return body;
}

export function encodeInetQuestion({ local, peer }: InetQuestion): Buffer {
  const body = Buffer.alloc(37);
  body.writeUInt8(local.address.length === 4 ? AF_INET : AF_INET6, 0);
  body.writeUInt16LE(local.port & 0xffff, 1);
  local.address.copy(body, 5, 0, 16);
  if (peer) {
    body.writeUInt16LE(peer.port & 0xffff, 3);
    peer.address.copy(body, 21, 0, 16);
  }
  return body;
}

/** Undefined for what is no unix socket's message. */
export function decodeUnixSocket(data: Buffer): UnixSocket | undefined {
  if (data.length < UNIX_HEAD || data.readUInt8(0) !== AF_UNIX) return undefined;
  const attributes = attributesOf(data, UNIX_HEAD);
  const peer = attributes.get(unixAttributes.peer);
  const queues = attributes.get(unixAttributes.queues);
  const name = nameText(attributes.get(unixAttributes.name));
  return {
    inode: data.readUInt32LE(4),
    listens: data.readUInt8(2) === LISTEN,
    ...(peer && peer.length >= 4 ? { peer: peer.readUInt32LE(0) } : {}),
    ...(name === undefined ? {} : { name }),
    ...(queues && queues.length >= 8
      ? { receiveQueue: queues.readUInt32LE(0), sendQueue: queues.readUInt32LE(4) }
      : {}),
    pending: numbersOf(attributes.get(unixAttributes.pending)),
  };
}

/** Undefined for what is no TCP socket's message. */
export function decodeTcpSocket(data: Buffer): TcpSocket | undefined {
  const family = data.length < INET_HEAD ? 0 : data.readUInt8(0);
  if (family !== AF_INET && family !== AF_INET6) return undefined;
  const info = infoOf(attributesOf(data, INET_HEAD).get(INFO));
  return {
    listens: data.readUInt8(1) === LISTEN,
    inode: data.readUInt32LE(68),
    receiveQueue: data.readUInt32LE(56),
    sendQueue: data.readUInt32LE(60),
    ...(info ? { info } : {}),
  };
}

function infoOf(data: Buffer | undefined): TcpInfo | undefined {
  if (!data || data.length < INFO_BYTES) return undefined;
  const seconds = (at: number) => data.readUInt32LE(at) / 1000;
  return {
    retransmits: data.readUInt8(2),
    probes: data.readUInt8(3),
    sinceSent: seconds(44),
    sinceReceived: seconds(52),
    sinceAcknowledged: seconds(56),
  };
}

/** The first attribute of each kind; one that is cut short ends them. */
function attributesOf(data: Buffer, from: number): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let at = from; at + ATTRIBUTE_HEAD <= data.length; ) {
    const length = data.readUInt16LE(at);
    if (length < ATTRIBUTE_HEAD || at + length > data.length) break;
    const kind = data.readUInt16LE(at + 2) & 0x3fff;
    if (!found.has(kind)) found.set(kind, data.subarray(at + ATTRIBUTE_HEAD, at + length));
    at += (length + 3) & ~3;
  }
  return found;
}

function numbersOf(data: Buffer | undefined): number[] {
  return Array.from(
    { length: data ? data.length >> 2 : 0 },
    (_, index) => data?.readUInt32LE(index * 4) ?? 0,
  );
}

/** A path may end with a NUL; an abstract name begins with one, and further ones in it are shown as `@`, as /proc does. */
function nameText(data: Buffer | undefined): string | undefined {
  if (!data || data.length === 0) return undefined;
  const text = data.toString('utf8').replace(/(?<=[^\0])\0+$/, '');
  return text.startsWith('\0') ? text.replaceAll('\0', '@') : text.replace(/\0.*$/s, '');
}
