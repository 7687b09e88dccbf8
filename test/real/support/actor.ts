import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildPrograms, CHECKOUT, PROGRAMS } from './programs';
import { toRelease, toReleaseByShell } from './releases';
import { needs } from './rights';

const CLI = join(CHECKOUT, 'dist/cli.js');

/** Somebody who starts programs and inspects them. */
export interface Actor {
  readonly name: 'root' | 'an ordinary user';
  /** Absent: the user who runs the tests. */
  readonly uid?: number;
  readonly gid?: number;
  /** The node binary and the command line as this user can read them. */
  readonly node: string;
  readonly cli: string;
  /** Words that `node` is given before the command line: of a program that starts another one. */
  readonly through?: readonly string[];
  /** Directory of the compiled victims, readable by this user. */
  readonly programs: string;
}

export const ACTORS = ['root', 'an ordinary user'] as const;

/** Why this actor cannot act here; undefined when it can. */
export function actorMissing(name: Actor['name']): string | undefined {
  return name === 'root' ? needs.root() : needs.ordinaryUser();
}

let ordinary: Actor | undefined;

/** The user who runs the tests when that is not root, else one created for this test file and removed after it. */
export function actor(name: Actor['name']): Actor {
  buildPrograms();
  if (name === 'root' || process.getuid?.() !== 0)
    return { name, node: process.execPath, cli: CLI, programs: PROGRAMS };
  ordinary ??= createOrdinaryUser();
  return ordinary;
}

/** Both go when the process that runs the test file ends. */
function createOrdinaryUser(): Actor {
  const login = `inspect-${process.pid}`;
  addUser(login);
  toReleaseByShell(`userdel -f ${login} 2>/dev/null`);
  const uid = idOf(login, '-u');
  const gid = idOf(login, '-g');

  // The checkout may lie in a home that only its owner can enter.
  const copy = mkdtempSync(join(tmpdir(), 'inspect-copy-'));
  chmodSync(copy, 0o755);
  toRelease(() => rmSync(copy, { recursive: true, force: true }));
  cpSync(join(CHECKOUT, 'dist'), join(copy, 'dist'), { recursive: true });
  cpSync(PROGRAMS, join(copy, 'victims'), { recursive: true });
  let node = process.execPath;
  if (spawnSync(node, ['-e', '0'], { uid, gid }).status !== 0) {
    cpSync(node, join(copy, 'node'));
    node = join(copy, 'node');
  }
  const programs = join(copy, 'victims');
  return { name: 'an ordinary user', uid, gid, node, cli: join(copy, 'dist/cli.js'), programs };
}

/** Several test files may add a user at once, and useradd does not wait for the lock of the user database. */
function addUser(login: string): void {
  for (let tries = 0; ; tries++) {
    const args = ['--no-create-home', '--home-dir', '/nonexistent', '--shell', '/bin/false', login];
    const run = spawnSync('useradd', args, { encoding: 'utf8' });
    if (run.status === 0) return;
    if (tries === 20) throw new Error(`useradd: ${run.stderr}`);
    spawnSync('sleep', ['0.2']);
  }
}

function idOf(login: string, which: '-u' | '-g'): number {
  return Number(spawnSync('id', [which, login], { encoding: 'utf8' }).stdout.trim());
}
