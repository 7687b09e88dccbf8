import { linesOf } from './lines';
import { decimal } from './numbers';

/** /sys/kernel/sunrpc/xprt-switches/SWITCH/XPRT/xprt_info (5.14+): one connection to a server, as it stands now. */
export interface XprtInfo {
  /** Of the server; 0 for one on which a server calls its client back. */
  readonly port: number;
  /** Calls that wait for their answer. */
  readonly pending: number;
  /** Calls that have not been sent yet: for a slot, for the connection, for their turn on it. */
  readonly unsent: number;
}

/** Undefined while the connection is closed: then the kernel prints nothing of it. */
export function parseXprtInfo(text: string): XprtInfo | undefined {
  const values = new Map<string, number>();
  for (const line of linesOf(text)) {
    const [key = '', value] = line.split('=', 2);
    const number = decimal(value);
    if (number !== undefined) values.set(key, number);
  }
  const [port, pending] = [values.get('dst_port'), values.get('pending_q_len')];
  if (port === undefined || pending === undefined) return undefined;
  const queues = ['binding_q_len', 'sending_q_len', 'backlog_q_len'];
  return { port, pending, unsent: queues.reduce((sum, queue) => sum + (values.get(queue) ?? 0), 0) };
}
