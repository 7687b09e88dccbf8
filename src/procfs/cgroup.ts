import { linesOf, type Rows, readRows } from './lines';

/** One hierarchy of /proc/PID/cgroup; 0 without controllers is cgroup v2. */
export interface CgroupRow {
  readonly hierarchy: number;
  readonly controllers: string[];
  readonly path: string;
}

export function parseCgroup(text: string): Rows<CgroupRow> {
  return readRows(linesOf(text), readRow);
}

function readRow(line: string): CgroupRow | undefined {
  const match = /^(\d{1,10}):([^:]*):(\/.*)$/s.exec(line);
  if (match === null) {
    return undefined;
  }
  const [, hierarchy, controllers = '', path = ''] = match;
  return {
    hierarchy: Number(hierarchy),
    controllers: controllers === '' ? [] : controllers.split(','),
    path,
  };
}
