import assert from 'node:assert/strict';
import { existsSync, openSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { Target } from '../../src/target/target';
import { COMMANDS } from '../../src/views/ids';
import { api, closeAll, inspect, messages, probePid, victim } from './stage';
import { eventually, Skip, type Test } from './suite';

const settings = () => vscode.workspace.getConfiguration('ioUringInspector');
const set = (name: string, value: unknown) =>
  settings().update(name, value, vscode.ConfigurationTarget.Global);
const tree = async () => (await api()).treeText();
const run = (command: string, key: string) =>
  messages(async () => vscode.commands.executeCommand(command, { inspection: key }));
const traced = (pattern: RegExp) =>
  eventually(`${pattern} in the tree`, async () => pattern.test(await tree()) && (await tree()));

/** Has the victim do something, as `deed` does in the real tests. */
async function deed(words: string): Promise<void> {
  const folder = `/proc/${victim('TRACED')}/cwd`;
  writeFileSync(join(folder, 'go.new'), words);
  renameSync(join(folder, 'go.new'), join(folder, 'go'));
  const done = join(folder, 'done');
  await eventually(`the deed ${words}`, () => existsSync(done));
  renameSync(done, join(folder, 'told'));
}

/** Instances of tracefs that the probe has made; readable when the probe is gone, too. */
function instancesOfProbe(): () => readonly string[] {
  const pid = probePid();
  if (pid === undefined) throw new Error('no probe is there');
  const folder = openSync(`/proc/${pid}/root/sys/kernel/tracing/instances`, 'r');
  return () => readdirSync(`/proc/self/fd/${folder}`).filter((name) => name.includes(pid));
}

/** With a probe that can trace. */
const withTracing = (work: () => Promise<void>) => async () => {
  const probe = process.env['TRACING_PROBE'] ?? '';
  if (!probe.startsWith('/')) throw new Skip(probe || 'needs a probe that can trace');
  victim('TRACED');
  await closeAll();
  await set('probePath', probe);
  try {
    await work();
  } finally {
    await closeAll();
    await set('probePath', undefined);
    await set('traceSeconds', undefined);
  }
};

export const tracingTests: readonly Test[] = [
  {
    name: 'a trace shows how it goes, then what was slow and where it was submitted, and leaves nothing in tracefs',
    run: withTracing(async () => {
      const { key } = await inspect(victim('TRACED'));
      assert.deepEqual(await run(COMMANDS.startTracing, key), []);
      const instances = instancesOfProbe();
      assert.equal(instances().length, 1);
      await deed('nop 500');
      await deed('async 20');
      await deed('pipe 4 60');
      const live = await traced(/events\/s {2}no events lost · own cost /);
      assert.match(live, /Tracing {2}stops by itself after/);
      assert.deepEqual(await run(COMMANDS.stopTracing, key), []);
      assert.deepEqual(instances(), []);
      const text = await traced(/^ *Traced {2}for /m);
      assert.match(text, /^ +NOP {2}520 completed · p50 .* · p99 .* · max .* · 20 to io-wq workers$/m);
      assert.match(
        text,
        /^ +READ · fd \d+ pipe:\S+ {2}4 completed · p50 [67]\d.* ms .* · 4 armed for poll$/m,
      );
      const slow = text.slice(text.indexOf('Slowest requests'));
      assert.match(
        slow,
        /READ · fd \d+ pipe:\S+ {2}result 1 · armed for poll after .*\n( +\S.*\n)*? +submit_innermost /,
      );
      const sample = (await api()).inspections().find((one) => one.key === key)?.snapshot.sample;
      assert.equal(sample?.trace?.submitted, 524, 'a Sample taken after it has what was traced');
      await exported(key);
    }),
  },
  {
    name: 'a trace stops by itself after its time',
    run: withTracing(async () => {
      await set('traceSeconds', 1);
      const { key } = await inspect(victim('TRACED'));
      await run(COMMANDS.startTracing, key);
      const instances = instancesOfProbe();
      await traced(/Traced {2}.*It stopped by itself after 1 s\./);
      assert.deepEqual(instances(), []);
    }),
  },
  {
    name: 'closing an inspection ends its trace',
    run: withTracing(async () => {
      const { key } = await inspect(victim('TRACED'));
      await run(COMMANDS.startTracing, key);
      const instances = instancesOfProbe();
      assert.equal(instances().length, 1);
      await vscode.commands.executeCommand(COMMANDS.stop, { inspection: key });
      await eventually('the end of the instance', () => instances().length === 0);
    }),
  },
  {
    name: 'a process of another host is traced there, and the trace breaks off with the way to it',
    run: withTracing(async () => {
      let cut = () => {};
      const lost = new Promise<string>((resolve) => {
        cut = () => resolve('The network was cut.');
      });
      const { openHostsBy, inspections } = await api();
      openHostsBy(async (_id, _asker, here) => {
        const target = await here();
        return Object.create(target, { lost: { value: lost } }) as Target;
      });
      await messages(async () =>
        vscode.commands.executeCommand(COMMANDS.attachByPid, victim('TRACED'), { alias: 'traced1' }),
      );
      const key = inspections()[0]?.key ?? '';
      assert.deepEqual(await run(COMMANDS.startTracing, key), []);
      const instances = instancesOfProbe();
      await deed('nop 50');
      await traced(/NOP {2}50 completed/);
      cut();
      await traced(/(Not traced|Traced) {2}/);
      assert.match(await tree(), /NOP {2}50 completed/, 'what was seen stays');
      await eventually('the end of the instance', () => instances().length === 0);
    }),
  },
  {
    name: 'without the rights of root a message says so, and the tree offers more rights',
    run: async () => {
      const { openHostsBy, inspections } = await api();
      const refuses = { start: async () => ({ errno: 'EACCES' }) };
      openHostsBy(async (_id, _asker, here) => {
        const target = await here();
        const rights = { uid: 1000, capabilities: 0n };
        return Object.create(target, { rights: { value: rights }, tracing: { value: refuses } }) as Target;
      });
      await messages(async () =>
        vscode.commands.executeCommand(COMMANDS.attachByPid, victim('TRACED'), { alias: 'traced2' }),
      );
      try {
        const [text = ''] = await run(COMMANDS.startTracing, inspections()[0]?.key ?? '');
        assert.match(text, /^io_uring cannot be traced\. Tracing needs the rights of root\.$/);
        assert.match(
          await tree(),
          /Not traced {2}Tracing needs the rights of root\.\n +Inspect with more rights/,
        );
      } finally {
        await closeAll();
      }
    },
  },
  {
    name: 'where tracefs is absent a message says so, the tree too, and the inspection goes on',
    run: async () => {
      if (existsSync('/sys/kernel/tracing/instances')) throw new Skip('tracefs is mounted here');
      if (process.getuid?.() !== 0) throw new Skip('needs root');
      const { key } = await inspect(victim('TRACED'));
      try {
        const [text = ''] = await run(COMMANDS.startTracing, key);
        assert.match(text, /tracefs is not mounted on .* As root: mount -t tracefs/);
        assert.match(await tree(), /Not traced {2}tracefs is not mounted on/);
        assert.match(await tree(), /Rings \(1\)/);
      } finally {
        await closeAll();
      }
    },
  },
];

async function exported(key: string): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'io-uring-inspector-traced-'));
  const write = async (format: string) => {
    const file = join(directory, format);
    const uri = vscode.Uri.file(file);
    const shown = await messages(async () =>
      vscode.commands.executeCommand(COMMANDS.exportAs, { inspection: key }, format, uri),
    );
    assert.deepEqual(shown, []);
    return readFile(file, 'utf8');
  };
  try {
    assert.equal((await write('traced-csv')).trimEnd().split('\r\n').length, 525);
    assert.match(await write('traced-stacks'), /;main;.*submit_innermost;.*\[READ\] \d+$/m);
    assert.match(await write('metrics'), /latency_seconds_count\{.*operation="READ"\} 4$/m);
    const { traceEvents } = JSON.parse(await write('chrome-trace')) as {
      traceEvents: readonly { name: string; ph: string }[];
    };
    assert.equal(traceEvents.filter(({ ph }) => ph === 'b').length, 524);
    assert.equal(traceEvents.filter(({ name }) => name === 'handed to a worker').length, 20);
  } finally {
    await rm(directory, { recursive: true });
  }
}
