import type { ListResult } from '../../../src/probe/protocol';
import type { Target } from '../../../src/target/target';

/** Files by path; a link's content is its text. */
export type Tree = Readonly<Record<string, string>>;

export interface FakeTarget extends Target {
  /** Every path that was read, listed or asked for as a link. */
  readonly asked: readonly string[];
}

/** A target made of texts. Directories are what stands below a path. */
export function fakeTarget(tree: Tree): FakeTarget {
  const asked: string[] = [];
  const content = (path: string): string | undefined => {
    asked.push(path);
    return Object.hasOwn(tree, path) ? tree[path] : undefined;
  };
  const entries = (path: string): ListResult => {
    asked.push(path);
    const below = Object.keys(tree).filter((name) => name.startsWith(`${path}/`));
    const names = [...new Set(below.map((name) => name.slice(path.length + 1).split('/')[0] ?? ''))];
    if (names.length === 0) return { ok: false, errno: 'ENOENT' };
    const list = names.map((name) => {
      const link = tree[`${path}/${name}`];
      return { name, kind: 'other' as const, ...(link === undefined ? {} : { link }) };
    });
    return { ok: true, entries: list, truncated: false };
  };
  return {
    label: 'a test',
    frozen: false,
    rights: { uid: 0, capabilities: 0n },
    arch: 'x86_64',
    asked,
    read: async (paths) =>
      paths.map((path) => {
        const text = content(path);
        return text === undefined
          ? { ok: false, errno: 'ENOENT' }
          : { ok: true, data: Buffer.from(text), truncated: false };
      }),
    list: async (paths) => paths.map(entries),
    link: async (paths) =>
      paths.map((path) => {
        const text = content(path);
        return text === undefined ? { ok: false, errno: 'ENOENT' } : { ok: true, target: text };
      }),
    inodes: async (paths) => paths.map(() => undefined),
    memory: async () => [],
    dispose: () => undefined,
  };
}
