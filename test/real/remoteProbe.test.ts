import { chownSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ProbeTarget } from '../../src/target/probeTarget';
import { openRemote, type RemoteOptions } from '../../src/target/remote/openRemote';
import type { RemoteHost } from '../../src/target/remoteHost';
import { eventually, outcomes, testProbe } from './support/probe';
import {
  folder,
  hasEnded,
  programs,
  type RemoteUser,
  refusalOf,
  remoteUser,
  userHost,
} from './support/remoteUser';
import type { Running } from './support/victim';

let probe: string;
beforeAll(async () => {
  probe = await testProbe();
});

/** Tools of the script, but for what sums are made with. */
const TOOLS = ['sh', 'uname', 'id', 'ls', 'mkdir', 'head', 'chmod', 'rm', 'rmdir', 'mv'];

async function open(
  running: Running,
  host: RemoteHost,
  options: Partial<RemoteOptions> = {},
): Promise<ProbeTarget> {
  running.onTestFinished(() => host.close());
  const target = await openRemote(host, { probes: () => probe, ...options });
  running.onTestFinished(() => target.dispose());
  return target;
}

const refusal = (host: RemoteHost, options: Partial<RemoteOptions> = {}) =>
  refusalOf(host, { probes: () => probe, ...options });

/** Every place of an ordinary user but the home on file systems with these options. */
const mounts = (options: string, places = '/tmp /var/tmp /dev/shm') =>
  `for d in ${places}; do mount -t tmpfs -o mode=1777,${options} none $d || exit 9; done`;

const parentOf = (pid: number) => Number(/\) \w (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]);

const filesIn = (path: string) => (existsSync(path) ? readdirSync(path) : []);

/** Counts the bytes that are sent, and changes one of the upload where wanted. */
function watched(host: RemoteHost, garble = false) {
  const state = { sent: 0 };
  const run = async (line: string) => {
    const command = await host.run(line);
    const input = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        state.sent += chunk.length;
        if (garble && chunk.length > 10_000) chunk[5000] = (chunk[5000] ?? 0) ^ 1;
        done(null, chunk);
      },
    });
    input.pipe(command.input);
    return { ...command, input };
  };
  return { state, host: { ...host, run } };
}

function runtimeFolder(user: RemoteUser): string {
  const path = folder('run-');
  chownSync(path, user.uid, user.uid);
  return path;
}

describe('the probe on another host', () => {
  it('is brought into a directory of the user alone, run, and gone afterwards', async (context) => {
    const user = remoteUser(context);
    const XDG_RUNTIME_DIR = runtimeFolder(user);
    const target = await open(context, userHost(user, { env: { XDG_RUNTIME_DIR } }));
    expect(target.rights).toEqual({ uid: user.uid, capabilities: 0n });
    expect(outcomes(await target.read(['/proc/version', '/etc/shadow']))).toEqual(['ok', 'EPERM']);
    const directory = join(XDG_RUNTIME_DIR, 'io-uring-inspector');
    const found = statSync(directory);
    expect([found.uid, found.mode & 0o7777]).toEqual([user.uid, 0o700]);
    expect(filesIn(directory).length).toBe(1);

    const { pid } = target.hello;
    const started = Date.now();
    target.dispose();
    await eventually('the probe has ended', () => hasEnded(pid));
    expect(Date.now() - started).toBeLessThan(1000);
    await eventually('nothing of it is left', () => !existsSync(directory));
  });

  it('stays for the next time where that is wanted, and is sent anew when it is no longer the same', async (context) => {
    const user = remoteUser(context);
    const directory = join(user.home, '.cache/io-uring-inspector');
    const sent: number[] = [];
    for (const damage of [false, false, true]) {
      const [name] = filesIn(directory);
      if (damage && name) writeFileSync(join(directory, name), '#!/bin/sh\necho hacked\n');
      const { host, state } = watched(userHost(user));
      const target = await open(context, host, { keep: true });
      const { pid } = target.hello;
      target.dispose();
      await eventually('the probe has ended', () => hasEnded(pid));
      sent.push(state.sent);
      expect(filesIn(directory).length).toBe(1);
    }
    const { size } = statSync(probe);
    expect(sent[0]).toBeGreaterThan(size);
    expect(sent[1]).toBeLessThan(10_000);
    expect(sent[2]).toBeGreaterThan(size);
    const [name = ''] = filesIn(directory);
    expect(readFileSync(join(directory, name)).equals(readFileSync(probe))).toBe(true);
  });

  it('is not run when a byte of it has changed on the way', async (context) => {
    const user = remoteUser(context);
    const XDG_RUNTIME_DIR = runtimeFolder(user);
    const { host } = watched(userHost(user, { env: { XDG_RUNTIME_DIR } }), true);
    expect((await refusal(host)).code).toBe('host-damaged');
    expect(filesIn(XDG_RUNTIME_DIR)).toEqual([]);
  });

  it.for(['target first', 'host at once'])(
    'leaves nothing when the way is closed: %s',
    async (how, context) => {
      const user = remoteUser(context);
      const XDG_RUNTIME_DIR = runtimeFolder(user);
      const host = userHost(user, { env: { XDG_RUNTIME_DIR } });
      const target = await open(context, host);
      const started = Date.now();
      if (how === 'target first') target.dispose();
      host.close();
      await eventually('the probe has ended', () => hasEnded(target.hello.pid));
      await eventually('nothing is left', () => filesIn(XDG_RUNTIME_DIR).length === 0);
      expect(Date.now() - started).toBeLessThan(1000);
    },
  );

  it('leaves a file only when its shell is killed, and the next one removes it', async (context) => {
    const user = remoteUser(context);
    const XDG_RUNTIME_DIR = runtimeFolder(user);
    const directory = join(XDG_RUNTIME_DIR, 'io-uring-inspector');
    const env = { XDG_RUNTIME_DIR };
    const host = userHost(user, { env });
    const target = await open(context, host);
    const { pid } = target.hello;
    const [left] = filesIn(directory);
    const started = Date.now();
    process.kill(parentOf(pid), 'SIGKILL');
    await eventually('the probe has ended', () => hasEnded(pid));
    expect(Date.now() - started).toBeLessThan(1000);
    expect(filesIn(directory)).toEqual([left]);

    const next = await open(context, userHost(user, { env }));
    expect(filesIn(directory)).not.toContain(left);
    expect(filesIn(directory).length).toBe(1);
    next.dispose();
    await eventually('nothing is left', () => !existsSync(directory));
  });

  it('goes to the next place where programs may not be run, and where there is no room', async (context) => {
    const user = remoteUser(context);
    const cache = join(user.home, '.cache/io-uring-inspector');
    for (const options of ['noexec', 'size=64k', 'ro']) {
      const target = await open(context, userHost(user, { stage: mounts(options) }));
      expect(filesIn(cache).length, options).toBe(1);
      target.dispose();
      await eventually('it is gone', () => filesIn(cache).length === 0);
    }
  });

  it.for([
    ['noexec', /\/tmp\/\S+: programs may not be run from there \(noexec\)/],
    ['size=64k', /\/tmp\/\S+: the disk or the quota is full/],
    ['ro', /\/tmp\/\S+: it is on a read-only file system/],
  ] as const)('says of each place why it is none: %s', async ([options, words], context) => {
    const user = remoteUser(context);
    const error = await refusal(userHost(user, { stage: mounts(options), env: { HOME: '' } }));
    expect(error.code).toBe('host-no-place');
    expect(error.why).toMatch(words);
  });

  it('does not go where somebody else was first', async (context) => {
    const user = remoteUser(context);
    const place = `/tmp/io-uring-inspector-${user.uid}`;
    const stage = `${mounts('mode=1777')}
mkdir -m 777 ${place} && chown 65534 ${place}
ln -s ${user.home} /var/tmp/io-uring-inspector-${user.uid}
mkdir /dev/shm/io-uring-inspector-${user.uid}`;
    const error = await refusal(userHost(user, { stage, env: { HOME: '' } }));
    expect(error.why).toContain(`${place}: it belongs to somebody else`);
    expect(error.why).toContain(`/var/tmp/io-uring-inspector-${user.uid}: it is a symbolic link`);
    expect(error.why).toContain(`/dev/shm/io-uring-inspector-${user.uid}: it belongs to somebody else`);
    expect(filesIn(user.home)).toEqual([]);
  });

  it('is not there for other machines and systems', async (context) => {
    const user = remoteUser(context);
    const as = (machine: string, system: string) => {
      const uname = `#!/bin/sh\ncase $1 in -m) echo '${machine}';; -s) echo '${system}';; *) echo name;; esac\n`;
      return userHost(user, { env: { PATH: `${programs([], { uname })}:/usr/bin:/bin` } });
    };
    const machine = await refusal(as('riscv64', 'Linux'));
    expect([machine.code, machine.why]).toEqual(['host-unsupported', expect.stringContaining('riscv64')]);
    const system = await refusal(as('amd64', 'FreeBSD'));
    expect([system.code, system.why]).toEqual(['not-linux', expect.stringContaining('FreeBSD')]);
    const missing = await refusal(as('aarch64', 'Linux'), {
      probes: (arch) => (arch === 'x64' ? probe : '/nonexistent/arm64'),
    });
    expect([missing.code, missing.why]).toEqual([
      'probe-missing',
      expect.stringContaining('/nonexistent/arm64'),
    ]);
    const hostile = await refusal(as('\u001b[31m; rm -rf /\u202e', 'Linux'));
    expect(hostile.why).not.toMatch(/[\u001b\u202e]/);
    const place = `/tmp/io-uring-inspector-${user.uid}`;
    await eventually('nothing is left', () => filesIn(place).length === 0);
  });

  it('leaves nothing when the way is closed while it is sent', async (context) => {
    const user = remoteUser(context);
    const XDG_RUNTIME_DIR = runtimeFolder(user);
    const host = userHost(user, { env: { XDG_RUNTIME_DIR } });
    const run = async (line: string) => {
      const command = await host.run(line);
      const write = command.input.write.bind(command.input);
      command.input.write = (chunk: string | Buffer) => {
        if (chunk.length < 10_000) return write(chunk);
        write(chunk.slice(0, 100_000));
        setTimeout(() => host.close(), 50);
        return true;
      };
      return command;
    };
    await refusal({ ...host, run });
    await eventually('nothing is left', () => filesIn(XDG_RUNTIME_DIR).length === 0);
  });

  it.for(['busybox', 'openssl'])('is checked by what there is: %s', async (tool, context) => {
    const user = remoteUser(context);
    const env = { PATH: programs([...TOOLS, tool]) };
    const target = await open(context, userHost(user, { env }));
    expect(target.rights.uid).toBe(user.uid);
  });

  it('is not run where nothing can check it', async (context) => {
    const user = remoteUser(context);
    const error = await refusal(userHost(user, { env: { PATH: programs(TOOLS) } }));
    expect([error.code, error.why]).toEqual(['host-unsupported', expect.stringContaining('sha256sum')]);
    const bare = await refusal(userHost(user, { env: { PATH: programs(['sh', 'id']) } }));
    expect([bare.code, bare.why]).toEqual(['host-unsupported', expect.stringContaining('uname')]);
  });

  it('is used where the user has put it, whatever its name', async (context) => {
    const user = remoteUser(context);
    const directory = folder('odd-');
    for (const name of ['a b', "it's", '$(touch x)', '`id`', 'a\\b', '-n', '!', '*', 'naïve "q"', '#END']) {
      const path = join(directory, name);
      writeFileSync(path, readFileSync(probe), { mode: 0o755 });
      const { host, state } = watched(userHost(user));
      const target = await open(context, host, { probePath: path, kernelMemory: false });
      expect(outcomes(await target.read(['/proc/version'])), name).toEqual(['ok']);
      expect(state.sent).toBeLessThan(10_000);
      target.dispose();
    }
    expect((await refusal(userHost(user), { probePath: `${directory}/none` })).code).toBe('probe-missing');
    for (const probePath of ['probe', '/a\nb', '/a\0b'])
      expect((await refusal(userHost(user), { probePath })).code).toBe('usage');
    const other = await refusal(userHost(user), { probePath: '/usr/bin/id' });
    expect([other.code, other.remedy]).toEqual([
      'probe-failed',
      expect.stringContaining('probePath is a probe'),
    ]);
  });
});
