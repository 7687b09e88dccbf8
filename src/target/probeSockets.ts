import type { Failure, ReadResult } from '../probe/protocol';
import type { InetQuestion, TcpSocket, UnixSocket } from '../probe/socketProtocol';
import {
  decodeTcpSocket,
  decodeUnixSocket,
  encodeInetQuestion,
  encodeUnixQuestion,
} from '../probe/socketWire';
import type { Ask } from './joiner';
import type { KernelSockets } from './kernelSockets';
import type { ReadOptions } from './target';

/** Sockets of a running probe's network namespace. */
export class ProbeSockets implements KernelSockets {
  /** `ask` asks items of the verb sockets. */
  constructor(private readonly ask: Ask) {}

  async unix(inodes: readonly number[], options: ReadOptions = {}): Promise<(UnixSocket | Failure)[]> {
    const answers = await this.ask(inodes.map(encodeUnixQuestion), options);
    return answers.map((answer) => socketOf(answer, decodeUnixSocket));
  }

  async tcp(ends: readonly InetQuestion[], options: ReadOptions = {}): Promise<(TcpSocket | Failure)[]> {
    const answers = await this.ask(ends.map(encodeInetQuestion), options);
    return answers.map((answer) => socketOf(answer, decodeTcpSocket));
  }
}

function socketOf<T>(answer: ReadResult, decode: (data: Buffer) => T | undefined): T | Failure {
  return answer.ok ? (decode(answer.data) ?? { ok: false, errno: 'EPROTO' }) : answer;
}
