// Turns captured trees into golden cases: the files the inspector reads, as one readable text each.
//     npm run golden:import -- CAPTURE_FOLDER...
// Of the later look only what changed is kept: test/golden/tree.ts lays the first look under it.
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { type TreeFile, writeTree } from './tree';

/** What one Sample reads; everything else of a capture is left behind. */
const WANTED = [
  /^proc\/(version|uptime|locks)$/,
  /^proc\/\d+\/(stat|status|cmdline|cgroup|mountinfo|mountstats|stack|maps|comm)$/,
  /^proc\/\d+\/net\/(tcp|tcp6|udp|udp6|unix)$/,
  /^proc\/\d+\/task\/\d+\/(stat|wchan|syscall|sched|stack)$/,
  /^proc\/\d+\/fd(info)?\/\d+$/,
  /^proc\/\d+\/ringmem\/[\da-f-]+$/,
  /^sys\/block\/[^/]+\/(stat|inflight|dev|pid|ro|size|loop\/backing_file|dm\/\w+|md\/\w+|device\/(state|vendor|model))$/,
  /^sys\/fs\/cgroup\/.*(io\.max|cpu\.max|memory\.(max|high)|cgroup\.freeze|freezer\.state)$/,
  /^sys\/fs\/fuse\/connections\/\d+\/waiting$/,
];

function collect(root: string, at: string, files: TreeFile[]): void {
  for (const name of readdirSync(join(root, at)).sort()) {
    const path = at === '' ? name : `${at}/${name}`;
    const full = join(root, path);
    const kind = lstatSync(full);
    if (kind.isDirectory()) collect(root, path, files);
    else if (WANTED.some((wanted) => wanted.test(path.replace(/^later\//, '')))) {
      const link = kind.isSymbolicLink();
      files.push({
        path,
        kind: link ? 'link' : 'file',
        content: link ? Buffer.from(readlinkSync(full)) : readFileSync(full),
      });
    }
  }
}

/** Sockets of others and idle devices make a case long and say nothing. */
function trim(file: TreeFile, files: readonly TreeFile[]): TreeFile | undefined {
  if (/\/net\//.test(file.path)) {
    const sockets = new Set(files.flatMap((f) => /^socket:\[(\d+)\]$/.exec(f.content.toString())?.[1] ?? []));
    const [header, ...rows] = file.content.toString('latin1').split('\n');
    const kept = rows.filter((row) => row.split(/\s+/).some((word) => sockets.has(word)));
    return { ...file, content: Buffer.from([header, ...kept, ''].join('\n'), 'latin1') };
  }
  if (file.path.endsWith('/maps')) {
    const rows = file.content.toString('latin1').split('\n').slice(0, -1);
    const few = rows.filter((row, index) => index < 2 || /io_uring|\[(heap|stack|vdso)\]/.test(row));
    return { ...file, content: Buffer.from(few.map((row) => `${row}\n`).join(''), 'latin1') };
  }
  const device = /sys\/block\/([^/]+)\//.exec(file.path)?.[1];
  if (device !== undefined) {
    const mounts = files
      .filter((f) => f.path.endsWith('/mountinfo') || f.kind === 'link')
      .map((f) => f.content.toString());
    const used = device.startsWith('dm-') || mounts.some((text) => text.includes(`/dev/${device}`));
    if (!used) return undefined;
  }
  return file;
}

for (const folder of process.argv.slice(2)) {
  const files: TreeFile[] = [];
  collect(folder, '', files);
  const meta = existsSync(join(folder, 'meta')) ? readFileSync(join(folder, 'meta')) : Buffer.from('');
  const trimmed = files.map((file) => trim(file, files)).filter((file) => file !== undefined);
  const first = new Map(trimmed.map((file) => [file.path, file]));
  const kept = trimmed.filter(
    ({ path, content }) =>
      !first.get(path.replace(/^later\//, ''))?.content.equals(content) || !path.startsWith('later/'),
  );
  const place = join('test/golden/cases', basename(folder));
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, 'tree.txt'), writeTree([{ path: 'meta', kind: 'file', content: meta }, ...kept]));
}
