import { linesOf } from '../procfs/lines';
import type { Target } from '../target/target';
import { TABLE_LIMIT } from './sockets';
import { textOf } from './text';

/** Tables of the families that have no ends to be named; the inode stands last in each row, or in the tenth field. */
const TABLES = ['netlink', 'packet', 'raw', 'raw6', 'icmp', 'icmp6', 'udplite', 'udplite6'];
const INET_INODE = 9;

/** Inodes of the sockets that such a table of the process's network namespace has. */
export async function listedElsewhere(target: Target, pid: number): Promise<ReadonlySet<number>> {
  const files = await target.read(
    TABLES.map((name) => `/proc/${pid}/net/${name}`),
    { limit: TABLE_LIMIT },
  );
  return new Set(
    files.flatMap((file, index) =>
      linesOf(textOf(file) ?? '').map((line) => {
        const fields = line.trim().split(/\s+/);
        return Number(index < 2 ? fields.at(-1) : fields[INET_INODE]);
      }),
    ),
  );
}
