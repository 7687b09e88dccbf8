import type { Failure } from '../probe/protocol';
import type { InetQuestion, TcpSocket, UnixSocket } from '../probe/socketProtocol';
import type { ReadOptions } from './target';

export type { InetQuestion, TcpInfo, TcpSocket, UnixSocket } from '../probe/socketProtocol';

/**
 * What the kernel tells of single sockets beyond /proc/net (sock_diag, 3.3+; no privilege), in the network namespace of the
 * reading task alone. ENOENT = no such socket there, or a kernel that does not tell; ENOSYS = an older probe.
 */
export interface KernelSockets {
  /** By their inodes. */
  unix(inodes: readonly number[], options?: ReadOptions): Promise<(UnixSocket | Failure)[]>;
  tcp(ends: readonly InetQuestion[], options?: ReadOptions): Promise<(TcpSocket | Failure)[]>;
}

export function isTold<T extends object>(answer: T | Failure | undefined): answer is T {
  return answer !== undefined && !('errno' in answer);
}
