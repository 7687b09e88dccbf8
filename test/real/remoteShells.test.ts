import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { openCommand } from '../../src/target/remote/command';
import { openRemote, type RemoteOptions } from '../../src/target/remote/openRemote';
import type { RemoteHost } from '../../src/target/remoteHost';
import { client } from './support/client';
import { eventually, outcomes, testProbe } from './support/probe';
import { hasEnded, programs, refusalOf, remoteUser, userHost } from './support/remoteUser';

let probe: string;
beforeAll(async () => {
  probe = await testProbe();
});

const refusal = (host: RemoteHost, options: Partial<RemoteOptions> = {}) =>
  refusalOf(host, { probes: () => probe, ...options });

const where = (name: string) =>
  spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();

describe('a login shell', () => {
  it.for(['sh', 'bash', 'zsh', 'fish', 'tcsh', 'ksh', 'mksh', 'busybox'])(
    'starts the probe whatever its language: %s',
    async (name, context) => {
      const shell = where(name);
      if (shell === '') return context.skip(`needs the shell ${name}`);
      const user = remoteUser(context);
      const login = name === 'busybox' ? 'exec busybox sh -c "$2"' : 'exec "$1" -c "$2"';
      const host = userHost(user, { shell, login });
      context.onTestFinished(() => host.close());
      const target = await openRemote(host, { probes: () => probe });
      expect(outcomes(await target.read(['/proc/version']))).toEqual(['ok']);
      target.dispose();
    },
  );

  it('may talk before it does what it is told', async (context) => {
    const user = remoteUser(context);
    const login = `echo 'Welcome to @inspect- host 0'; printf '\\033[31mno newline \\000\\377'; echo tip >&2; exec "$1" -c "$2"`;
    const host = userHost(user, { login });
    context.onTestFinished(() => host.close());
    const target = await openRemote(host, { probes: () => probe });
    expect(target.rights.uid).toBe(user.uid);
    target.dispose();
  });

  it.for([
    ['a restricted shell', 'exec rbash -c "$2"', /restricted one \(rbash\)/],
    ['no shell', 'exec /usr/sbin/nologin', /no shell \(nologin\)/],
    ['git alone', 'exec git-shell -c "$2"', /git alone/],
    ['files alone', 'echo "This service allows sftp connections only."; exit 1', /file transfers alone/],
    ['nothing to say', 'exec false', /ended with code 1\./],
    [
      'something else',
      "echo 'Choose: \u001b[1m1) mail'; exit 3",
      /code 3\. It said: Choose: \\x1b\[1m1\) mail/,
    ],
    ['no end of words', 'yes "$(printf "\\001")spam"', /text without end.*It said: \\x01spam/],
    ['an echo', 'exec cat', /started no command.*It said: m=@inspect-; m="\$m"/],
  ] as const)('has %s', async ([what, login, words], context) => {
    if (what === 'git alone' && where('git-shell') === '') return context.skip('needs git-shell');
    const user = remoteUser(context);
    const error = await refusal(userHost(user, { login }), { patience: 2000 });
    expect(['host-shell', 'host-silent']).toContain(error.code);
    expect(error.why).toMatch(words);
    expect(error.message).not.toMatch(/[\u0000-\u001f\u202e]/);
  });

  it('that says nothing is not waited for without end', async (context) => {
    const user = remoteUser(context);
    const started = Date.now();
    const error = await refusal(userHost(user, { login: 'echo Password:; exec sleep 30' }), {
      patience: 500,
    });
    expect([error.code, error.why]).toEqual(['host-silent', expect.stringContaining('It said: Password:')]);
    expect(Date.now() - started).toBeLessThan(2000);
  });

  it('that tells for ever where it found no place is not listened to for ever', async (context) => {
    const user = remoteUser(context);
    const login = `read l; m=\${l##*m=@inspect-; m=\\"\\$m\\"}; while :; do echo "@inspect-$m place full /x"; done`;
    const error = await refusal(userHost(user, { login }), { patience: 3000 });
    expect([error.code, error.what]).toEqual(['host-shell', expect.stringContaining('what was not asked')]);
  });

  it('is missing', async () => {
    const env = where('env');
    const error = await refusal(openCommand([env, `PATH=${programs([])}`], 'an empty image'));
    expect([error.code, error.why]).toEqual(['host-shell', expect.stringContaining('no shell "sh"')]);
  });

  it('has a terminal, which would change bytes', async (context) => {
    if (where('script') === '') return context.skip('needs script (apt-get install bsdutils)');
    const user = remoteUser(context);
    const host = userHost(user, { login: 'export L="$2"; exec script -qc \'eval "$L"\' /dev/null' });
    const error = await refusal(host, { patience: 5000 });
    expect([error.code, error.what]).toEqual(['host-shell', expect.stringContaining('is a terminal')]);
  });
});

describe('the command that leads to a host', () => {
  it('is named when it is not there', async () => {
    const error = await refusal(openCommand(['/nonexistent/docker', 'exec'], 'container web'));
    expect([error.code, error.why]).toEqual([
      'command-failed',
      expect.stringContaining('/nonexistent/docker'),
    ]);
  });

  it('ends with its words for the user', async () => {
    const words = ['sh', '-c', 'echo "Error: No such container: web" >&2; exit 1'];
    const error = await refusal(openCommand(words, 'container web'));
    expect(error.why).toContain('No such container: web');
  });

  it('may lead into a container, whose processes have numbers of their own', async (context) => {
    if (process.getuid?.() !== 0) return context.skip('needs root to make namespaces');
    const host = openCommand(['unshare', '--mount', '--pid', '--fork', '--mount-proc'], 'container web');
    context.onTestFinished(() => host.close());
    const target = await openRemote(host, { probes: () => probe });
    expect(target.self).toBeLessThan(100);
    expect(target.label).toBe('container web');
    const [listing] = await target.list(['/proc']);
    const pids = listing?.ok ? listing.entries.filter(({ name }) => /^\d+$/.test(name)) : [];
    expect(pids.length).toBeLessThan(10);
    target.dispose();
  });

  it('can be left while it hangs', async () => {
    const abort = new AbortController();
    const host = openCommand(['sleep'], 'x');
    const hanging = openCommand(['sh', '-c', 'exec sleep 30'], 'x');
    setTimeout(() => abort.abort(), 100);
    const error = await refusal(hanging, { signal: abort.signal });
    expect(error.code).toBe('cancelled');
    host.close();
    expect(await host.lost).toContain('closed');
    expect((await refusal(host)).code).toBe('command-failed');
  });
});

describe('a client that is killed', () => {
  it('leaves neither probe nor file', async (context) => {
    const user = remoteUser(context);
    const program = await client(`
import { openCommand } from './src/target/remote/command';
import { openRemote } from './src/target/remote/openRemote';
const [probe, ...argv] = process.argv.slice(2);
openRemote(openCommand(argv, 'host'), { probes: () => probe }).then(
  (target) => { console.log(target.hello.pid); setInterval(() => target.read(['/proc/stat']), 10); },
  (error) => { console.log(String(error)); process.exit(1); },
);`);
    const place = `/tmp/io-uring-inspector-${user.uid}`;
    const become = [
      'setpriv',
      `--reuid=${user.uid}`,
      `--regid=${user.uid}`,
      '--clear-groups',
      'env',
      'HOME=',
    ];
    const running = spawn(process.execPath, [program, probe, ...become], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const pid = Number(
      await new Promise<string>((resolve) => running.stdout.once('data', (d) => resolve(String(d)))),
    );
    expect(existsSync(place), `pid ${pid}`).toBe(true);
    expect(hasEnded(pid)).toBe(false);
    running.kill('SIGKILL');
    const started = Date.now();
    await eventually('the probe has ended', () => hasEnded(pid));
    expect(Date.now() - started).toBeLessThan(1000);
    await eventually('nothing of it is left', () => !existsSync(place));
  });
});
