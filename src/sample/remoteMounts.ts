import type { RemoteCalls, RemoteMount, Resource } from '../model/sample';
import type { MountinfoRow } from '../procfs/mountinfo';
import { type NfsMountstats, parseMountstats } from '../procfs/mountstats';
import type { Target } from '../target/target';
import { type RpcConnection, readRpcConnections } from './rpcConnections';
import { textOf } from './text';

/** File systems whose data comes over a network or from the host of a virtual machine. */
const REMOTE = /^(?:nfs4?|cifs|smb3?|9p|ceph|afs|virtiofs)$/;

/** Options that say how long it waits, for whom and whether it gives up; the others tell nothing of a stuck call. */
const TELLING =
  /^(?:hard|soft|softerr|softreval|intr|ro|sync|noac|vers=|timeo=|retrans=|proto=|nconnect=|port=|sec=|trans=|cache=|msize=|echo_interval=|retrans|mds_namespace=|fsid=|recover_session=|mount_timeout=|multichannel|max_channels=|persistenthandles|resilienthandles)/;

/** Mounts of one process that are told. */
const MOST_MOUNTS = 64;

/** The network mounts that the process's files are on; NFS's with the statistics of its calls. */
export async function readRemoteMounts(
  target: Target,
  pid: number,
  rows: readonly MountinfoRow[],
  resources: readonly Resource[],
): Promise<RemoteMount[]> {
  const used = new Set(
    resources.flatMap(({ mount, fsType }) =>
      mount !== undefined && REMOTE.test(fsType ?? '') ? [mount] : [],
    ),
  );
  if (used.size === 0) return [];
  // Of two mounts on one point the later covers the earlier.
  const byPoint = new Map(
    rows
      .filter((row) => used.has(row.mountPoint) && REMOTE.test(row.fsType))
      .map((row) => [row.mountPoint, row]),
  );
  const mounts = [...byPoint.values()].slice(0, MOST_MOUNTS);
  return withCalls(target, pid, mounts.map(remoteMount));
}

/** The mounts, of now or of a moment ago, with what is counted of their calls now. */
export async function withCalls(
  target: Target,
  pid: number,
  mounts: readonly RemoteMount[],
): Promise<RemoteMount[]> {
  if (!mounts.some(isNfs)) return [...mounts];
  const [[file], connections] = await Promise.all([
    target.read([`/proc/${pid}/mountstats`]),
    readRpcConnections(target),
  ]);
  const statistics = new Map(parseMountstats(textOf(file) ?? '').map((one) => [one.mountPoint, one]));
  return mounts.map((remote) => {
    const now = isNfs(remote) ? statistics.get(remote.mount) : undefined;
    if (!now || now.transports.length === 0) return remote;
    return { ...remote, calls: { ...callsOf(now), ...waitingOf(remote, connections) } };
  });
}

/** NFS's own, where the mount names none. */
const PORT = 2049;

/** Calls that wait now, on all connections to the mount's server: mounts share them. */
function waitingOf(
  { address, options }: RemoteMount,
  connections: readonly RpcConnection[],
): Pick<RemoteCalls, 'pending' | 'unsent'> {
  const named = options.find((option) => option.startsWith('port='))?.slice('port='.length);
  const port = Number(named ?? PORT);
  const own = connections.filter((one) => one.address === address && one.port === port);
  if (own.length === 0) return {};
  const sum = (count: (one: RpcConnection) => number) => own.reduce((total, one) => total + count(one), 0);
  return { pending: sum(({ pending }) => pending), unsent: sum(({ unsent }) => unsent) };
}

function isNfs({ fsType }: Pick<MountinfoRow, 'fsType'>): boolean {
  return fsType.startsWith('nfs');
}

function remoteMount(row: MountinfoRow): RemoteMount {
  const address = row.superOptions.find((option) => option.startsWith('addr='))?.slice('addr='.length);
  return {
    mount: row.mountPoint,
    fsType: row.fsType,
    ...serverOf(row),
    ...(address === undefined ? {} : { address }),
    options: row.superOptions.filter((option) => TELLING.test(option)),
  };
}

/** `10.0.0.1:/export`, `[fe80::1]:/export`, `//server/share`, `mon1,mon2:/path`; 9p and virtiofs have only a tag. */
function serverOf({ source, fsType }: MountinfoRow): Pick<RemoteMount, 'server' | 'exported'> {
  const match =
    fsType === 'cifs' || fsType.startsWith('smb')
      ? /^[/\\]{2}([^/\\]+)[/\\](.*)$/s.exec(source)
      : /^(\[[^\]]+\]|[^/]+?):(\/.*)$/s.exec(source);
  const [, server, exported] = match ?? [];
  if (server === undefined || exported === undefined) return { exported: source };
  return { server, exported };
}

function callsOf({ age, transports, operations }: NfsMountstats): RemoteCalls {
  const sum = (count: (one: (typeof transports)[number]) => number) =>
    transports.reduce((total, one) => total + count(one), 0);
  const idle = transports.map((one) => one.idle).filter((seconds) => seconds !== undefined);
  const slow = operations
    .filter(({ timeouts }) => timeouts > 0)
    .sort((a, b) => b.timeouts - a.timeouts)
    .slice(0, 3);
  return {
    ...(age === undefined ? {} : { age }),
    sent: sum(({ sends }) => sends),
    answered: sum(({ receives }) => receives),
    unknownAnswers: sum(({ badXids }) => badXids),
    timeouts: operations.reduce((total, { timeouts }) => total + timeouts, 0),
    ...(idle.length > 0 ? { idle: Math.min(...idle) } : {}),
    slow: slow.map(({ name, timeouts }) => ({ operation: name, timeouts })),
  };
}
