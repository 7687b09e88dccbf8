import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { toReleaseByShell } from './releases';
import type { Running } from './victim';

const CRATES = '/usr/share/cargo/registry';
const MANIFEST = `[package]
name = "program"
version = "0.0.0"
edition = "2021"
[dependencies]
tokio = { version = "1", features = ["rt", "rt-multi-thread", "time"] }
async-task = "4"
`;
const CONFIG = `[source.crates-io]
replace-with = "here"
[source.here]
directory = "${CRATES}"
`;

const compiled = new Map<string, string>();

/** Compiles one of the sources with Debian's tokio, once, in a folder that goes with the tests; answers the program's path under that name. */
export function compileWithTokio(context: Running, source: string, name: string): string {
  if (spawnSync('cargo', ['--version']).status !== 0) context.skip('needs cargo');
  const crates = existsSync(CRATES) ? readdirSync(CRATES) : [];
  for (const name of ['tokio', 'async-task'])
    if (!crates.some((crate) => /^[a-z-]+-\d/.exec(crate)?.[0].slice(0, -2) === name))
      context.skip(`needs ${name} (apt-get install librust-${name}-dev)`);
  const program = compiled.get(source) ?? compile(source);
  compiled.set(source, program);
  const named = join(dirname(program), name);
  copyFileSync(program, named);
  return named;
}

function compile(source: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'inspect-tokio-'));
  toReleaseByShell(`rm -rf '${folder}'`);
  chmodSync(folder, 0o755);
  for (const name of ['src', '.cargo']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'Cargo.toml'), MANIFEST);
  writeFileSync(join(folder, '.cargo/config.toml'), CONFIG);
  copyFileSync(resolve(import.meta.dirname, '../sources', source), join(folder, 'src/main.rs'));
  execFileSync('cargo', ['build', '--offline', '--quiet'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return join(folder, 'target/debug/program');
}
