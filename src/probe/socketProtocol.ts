/** What the verb sockets tells; socketWire.ts has the bytes. All of it is of the probe's own network namespace. */

/** One unix socket, as unix_diag tells it (3.3+). */
export interface UnixSocket {
  readonly inode: number;
  readonly listens: boolean;
  /** The socket at its other end; 0 = one that nobody has accepted yet. Absent where it is connected to none. */
  readonly peer?: number;
  /** What it is bound to; `@` begins an abstract name. */
  readonly name?: string;
  /** Bytes it has not read; of a listener connections it has not accepted. */
  readonly receiveQueue?: number;
  /** Bytes its peer has not read, with what the kernel needs to keep them; of a listener how many may wait. */
  readonly sendQueue?: number;
  /** Of a listener: the sockets that wait to be accepted, by their inodes. */
  readonly pending: readonly number[];
}

/** A TCP socket by its two ends; a listener by its local one. Addresses are in network order: 4 bytes or 16. */
export interface InetQuestion {
  readonly local: { readonly address: Buffer; readonly port: number };
  readonly peer?: { readonly address: Buffer; readonly port: number };
}

/** One TCP socket, as inet_diag tells it. */
export interface TcpSocket {
  readonly listens: boolean;
  readonly inode: number;
  /** Bytes not read; of a listener connections not accepted, with how many may wait as `sendQueue`. */
  readonly receiveQueue: number;
  /** Bytes not acknowledged. */
  readonly sendQueue: number;
  readonly info?: TcpInfo;
}

/** Of struct tcp_info. Seconds since: exact to a tick of the kernel. */
export interface TcpInfo {
  readonly retransmits: number;
  /** Unanswered questions whether the peer has room again. */
  readonly probes: number;
  readonly sinceSent: number;
  readonly sinceReceived: number;
  readonly sinceAcknowledged: number;
}
