// Records traces of the victim `traced` on this machine (root), as fixtures of tracing.test.ts.
//     npx esbuild test/unit/inspect/traces/record.ts --bundle --platform=node --outfile=dist/test/record.js
//     npm run build && node dist/test/record.js .cache/victims/traced test/unit/inspect/traces
// Where tracefs is not mounted: unshare --mount sh -c 'mount -t tracefs none /sys/kernel/tracing && exec node dist/test/record.js …'
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { startTrace, type TraceOptions } from '../../../../src/inspect/tracing';
import { openLocal } from '../../../../src/target/local';
import { type Recording, recorded, toText } from './recordedTarget';

const [victim = '', folder = ''] = process.argv.slice(2);

interface Scene {
  readonly deeds: readonly string[];
  /** Of the kernel's memory nothing is read. */
  readonly blind?: boolean;
  /** Milliseconds for it to look at the threads again. */
  readonly rest?: number;
  readonly options?: TraceOptions;
}

const SCENES: Readonly<Record<string, Scene>> = {
  rings: {
    deeds: ['nop 20', 'async 4', 'sleep 2 10', 'pipe 2 10', 'fail 2', 'hold 2', 'ring 5 300', 'polled 5 300'],
    rest: 1200,
    options: { stackBytes: 256 },
  },
  blind: { deeds: ['nop 10', 'sleep 1 10'], blind: true, options: { stackBytes: 256 } },
  busy: { deeds: ['hold 1', 'batch 160000', 'fail 5'], options: { stackBytes: 0 } },
};

const pause = (milliseconds: number) => new Promise((done) => setTimeout(done, milliseconds));

async function deed(directory: string, words: string): Promise<void> {
  writeFileSync(join(directory, 'go.new'), words);
  renameSync(join(directory, 'go.new'), join(directory, 'go'));
  while (!existsSync(join(directory, 'done'))) await pause(5);
  rmSync(join(directory, 'done'));
}

async function record(name: string, { deeds, blind, rest = 0, options }: Scene): Promise<void> {
  const target = await openLocal(resolve('dist/probe/linux-x64/io-uring-probe'));
  const directory = mkdtempSync(join(tmpdir(), 'traced-'));
  const child = spawn(resolve(victim), [], { cwd: directory, stdio: 'ignore' });
  try {
    await pause(500);
    const { pid = 0 } = child;
    const { arch, self } = target;
    const recording: Recording = { arch, ...(self ? { self } : {}), pid, layout: '', answers: {} };
    const seen = recorded(target, recording);
    const layouts = {
      load: async () => recording.layout || undefined,
      save: async (_: string, text: string) => {
        recording.layout = text;
      },
    };
    // What the types of the kernel say is kept as a layout: the walk of the recording begins with that.
    if (!blind) await (await startTrace(target, pid, { ...options, walk: { layouts } })).stop();
    const traced: typeof seen = blind ? Object.create(seen, { kernel: { value: undefined } }) : seen;
    const trace = await startTrace(traced, pid, { ...options, walk: { layouts } });
    for (const words of deeds) await deed(directory, words);
    await pause(rest);
    const { summary } = await trace.stop();
    writeFileSync(join(folder, `${name}.json.gz`), gzipSync(toText(recording), { level: 9 }));
    const { submitted, completed, pending, lost, notTraced } = summary;
    process.stdout.write(`${name}: ${toText({ submitted, completed, pending, lost, notTraced })}\n`);
  } finally {
    target.dispose();
    child.kill('SIGKILL');
    rmSync(directory, { recursive: true });
  }
}

async function main(): Promise<void> {
  readFileSync(victim);
  for (const [name, scene] of Object.entries(SCENES)) await record(name, scene);
}
void main();
