import { parseXprtInfo, type XprtInfo } from '../procfs/xprtInfo';
import type { Target } from '../target/target';
import { textOf } from './text';

/** An open connection of the kernel's RPC client, with the address of its server. */
export interface RpcConnection extends XprtInfo {
  readonly address: string;
}

const SWITCHES = '/sys/kernel/sunrpc/xprt-switches';
/** Of a machine; a mount has one, or as many as nconnect says. */
const MOST_CONNECTIONS = 256;

/** All that are open, of all mounts; none before 5.14. */
export async function readRpcConnections(target: Target): Promise<RpcConnection[]> {
  const [switches] = await target.list([SWITCHES]);
  const places = switches?.ok ? switches.entries.map(({ name }) => `${SWITCHES}/${name}`) : [];
  const lists = places.length > 0 ? await target.list(places.slice(0, MOST_CONNECTIONS)) : [];
  const connections = lists.flatMap((list, index) =>
    list.ok
      ? list.entries
          .filter(({ name }) => name.startsWith('xprt-'))
          .map(({ name }) => `${places[index]}/${name}`)
      : [],
  );
  const known = connections.slice(0, MOST_CONNECTIONS);
  const texts = await target.read(known.flatMap((place) => [`${place}/dstaddr`, `${place}/xprt_info`]));
  return known.flatMap((_, index) => {
    const [address, info] = texts.slice(2 * index, 2 * index + 2).map(textOf);
    const found = parseXprtInfo(info ?? '');
    return address !== undefined && found ? [{ address: address.trim(), ...found }] : [];
  });
}
