import { ipv4Text, ipv6Text } from '../../procfs/inetAddress';
import { hex64 } from './words';

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;

/** Bytes of the longest struct sockaddr that is told apart: sockaddr_un. */
export const ADDRESS_BYTES = 110;

/**
 * A struct sockaddr as people write it: `127.0.0.1:80`, `[::1]:80`, a path, `@name` for an abstract unix socket.
 * undefined where it is too short for its family.
 */
export function socketAddressText(bytes: Buffer): string | undefined {
  if (bytes.length < 2) return undefined;
  const family = bytes.readUInt16LE(0);
  switch (family) {
    case AF_UNIX:
      return unixText(bytes.subarray(2));
    case AF_INET:
      return bytes.length < 8 ? undefined : `${ipv4Text(wordHex(bytes, 4))}:${bytes.readUInt16BE(2)}`;
    case AF_INET6: {
      if (bytes.length < 24) return undefined;
      const words = [8, 12, 16, 20].map((at) => wordHex(bytes, at)).join('');
      const scope = bytes.length < 28 ? 0 : bytes.readUInt32LE(24);
      return `[${ipv6Text(words)}${scope === 0 ? '' : `%${scope}`}]:${bytes.readUInt16BE(2)}`;
    }
    default:
      return `address family ${family}${bytes.length < 10 ? '' : ` ${hex64(bytes.readBigUInt64LE(2))}`}`;
  }
}

/** As /proc prints it: a little-endian word. */
function wordHex(bytes: Buffer, at: number): string {
  return bytes.readUInt32LE(at).toString(16).padStart(8, '0');
}

function unixText(path: Buffer): string {
  if (path.length === 0) return 'unnamed unix socket';
  if (path[0] === 0) return `@${path.toString('utf8', 1)}`;
  const end = path.indexOf(0);
  return path.toString('utf8', 0, end < 0 ? path.length : end);
}
