import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chownSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../../src/model/errors';
import { openLocal } from '../../src/target/local';
import type { ProbeTarget } from '../../src/target/probeTarget';
import { openRemote, type RemoteOptions } from '../../src/target/remote/openRemote';
import type { SecretQuestion } from '../../src/target/remoteHost';
import { client } from './support/client';
import { eventually, outcomes, testProbe } from './support/probe';
import { toReleaseByShell } from './support/releases';
import {
  folder,
  hasEnded,
  programs,
  type RemoteUser,
  remoteUser,
  type UserHostOptions,
  userHost,
} from './support/remoteUser';
import type { Running } from './support/victim';

const PASSWORD = 'corr3ct $(id) \'horse"';

let probe: string;
let digest: string;
beforeAll(async () => {
  probe = await testProbe();
  digest = createHash('sha256').update(readFileSync(probe)).digest('hex');
});

/** An account with these lines in the sudoers; USER stands for it. */
function sudoer(running: Running, rules: readonly string[]): RemoteUser {
  if (spawnSync('sudo', ['--version']).error) return running.skip('needs sudo (apt-get install sudo)');
  const user = remoteUser(running, PASSWORD);
  const file = `/etc/sudoers.d/${user.login}`;
  if (rules.length > 0) {
    toReleaseByShell(`rm -f ${file}`);
    const text = rules.map((rule) => `${rule.replaceAll('USER', user.login)}\n`).join('');
    writeFileSync(file, text, { mode: 0o440 });
    const check = spawnSync('visudo', ['-cf', file], { encoding: 'utf8' });
    if (check.status !== 0) throw new Error(`${check.stderr}${check.stdout}`);
  }
  return user;
}

/** Answers in turn; then the user declines. */
function asking(...answers: readonly (string | undefined)[]) {
  const questions: SecretQuestion[] = [];
  const asker = {
    secret: (question: SecretQuestion) => {
      questions.push(question);
      return Promise.resolve(answers[questions.length - 1]);
    },
    confirm: () => Promise.resolve(false),
  };
  return { questions, asker, elevation: { method: 'sudo', asker } as const };
}

interface Case {
  readonly user: RemoteUser;
  readonly answers?: readonly (string | undefined)[];
  readonly host?: UserHostOptions;
  readonly options?: Partial<RemoteOptions>;
}

async function open(running: Running, { user, answers = [], host: how, options }: Case) {
  const { questions, elevation } = asking(...answers);
  const host = userHost(user, how);
  running.onTestFinished(() => host.close());
  const target = await openRemote(host, { probes: () => probe, elevation, ...options });
  running.onTestFinished(() => target.dispose());
  return { target, questions, host };
}

async function refused(running: Running, which: Case): Promise<UserError> {
  try {
    await open(running, which);
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error('it was opened');
}

async function endsWithin(target: ProbeTarget, end: () => void): Promise<void> {
  const started = Date.now();
  end();
  await eventually('the probe has ended', () => hasEnded(target.hello.pid));
  expect(Date.now() - started).toBeLessThan(1000);
}

/** Arguments and environments of every process. */
function wordsOfAll(): string {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const texts = pids.flatMap((pid) =>
    ['cmdline', 'environ'].map((file) => {
      try {
        return readFileSync(`/proc/${pid}/${file}`, 'latin1');
      } catch {
        return '';
      }
    }),
  );
  return texts.join('\n');
}

const ROOTS_PLACE = '/run/io-uring-inspector';
const ALL = 'USER ALL=(root) ALL';
const NO_PASSWORD = 'USER ALL=(root) NOPASSWD: ALL';

describe('the probe through sudo', () => {
  it('asks nothing where the rule asks nothing, and lies where root alone may write', async (context) => {
    const { target, questions } = await open(context, { user: sudoer(context, [NO_PASSWORD]) });
    expect(questions).toEqual([]);
    expect(target.rights.uid).toBe(0);
    expect(target.label).toMatch(/ as root$/);
    expect(outcomes(await target.read([`/proc/${process.pid}/stack`, '/etc/shadow']))).toEqual([
      'ok',
      'EPERM',
    ]);
    const file = readlinkSync(`/proc/${target.hello.pid}/exe`);
    expect(dirname(file)).toBe(ROOTS_PLACE);
    expect([statSync(ROOTS_PLACE).uid, statSync(ROOTS_PLACE).mode & 0o777]).toEqual([0, 0o700]);
    expect([statSync(file).uid, statSync(file).mode & 0o777]).toEqual([0, 0o700]);
    await endsWithin(target, () => target.dispose());
    await eventually('nothing of it is left', () => !existsSync(file));
  });

  it('gets the password on stdin alone, and asks again when it is wrong', async (context) => {
    const user = sudoer(context, [ALL]);
    const { target, questions } = await open(context, { user, answers: ['wrong', PASSWORD] });
    expect(questions.map(({ again }) => again)).toEqual([false, true]);
    expect(questions[0]).toMatchObject({ kind: 'sudo', hidden: true });
    expect(target.rights.uid).toBe(0);
    expect(wordsOfAll()).not.toContain(PASSWORD);
    expect(outcomes(await target.read([`/proc/${process.pid}/stack`]))).toEqual(['ok']);
  });

  it('sends one line of what the user answers', async (context) => {
    const user = sudoer(context, [ALL]);
    const answers = [`${PASSWORD}\ntouch ${user.home}/pwned\n#END\n`];
    const { target } = await open(context, { user, answers });
    expect(target.rights.uid).toBe(0);
    expect(readdirSync(user.home)).toEqual([]);
  });

  it('is given up after three wrong passwords, and says none of them', async (context) => {
    const user = sudoer(context, [ALL]);
    const error = await refused(context, { user, answers: ['wr0ng1', 'wr0ng2', 'wr0ng3', PASSWORD] });
    expect([error.code, error.why]).toEqual(['elevation-refused', expect.stringContaining('wrong')]);
    expect(error.message).not.toMatch(/wr0ng|corr3ct/);
  });

  it('is given up when it is cancelled while the user is asked', async (context) => {
    const abort = new AbortController();
    const secret = () => {
      abort.abort();
      return new Promise<undefined>(() => undefined);
    };
    const elevation = { method: 'sudo', asker: { secret, confirm: async () => false } } as const;
    const options = { elevation, signal: abort.signal };
    expect((await refused(context, { user: sudoer(context, [ALL]), options })).code).toBe('cancelled');
  });

  it('is given up when the user declines', async (context) => {
    const error = await refused(context, { user: sudoer(context, [ALL]), answers: [undefined] });
    expect(error.code).toBe('cancelled');
  });

  it.for([
    ['no rule', [], [PASSWORD], {}, /not in the sudoers file/],
    ['a rule for something else', ['USER ALL=(root) /usr/bin/id'], [PASSWORD], {}, /No rule of sudo allows/],
    ['a rule that wants a terminal', [NO_PASSWORD, 'Defaults:USER requiretty'], [], {}, /requiretty/],
    [
      'a process that may not become root',
      [NO_PASSWORD],
      [],
      { login: 'exec setpriv --no-new-privs "$1" -c "$2"' },
      /may become root there/,
    ],
  ] as const)('is refused clearly for %s', async ([, rules, answers, host, words], context) => {
    const error = await refused(context, { user: sudoer(context, rules), answers, host });
    expect(error.code).toBe('elevation-refused');
    expect(error.why).toMatch(words);
    expect(error.message).not.toContain(PASSWORD);
  });

  it('is told apart from a host without sudo', async (context) => {
    const names = ['sh', 'env', 'id', 'uname', 'sha256sum', 'head', 'ls', 'mkdir', 'chmod', 'rm'];
    const host = { env: { PATH: programs(names) } };
    const error = await refused(context, { user: sudoer(context, []), host });
    expect(error.code).toBe('elevation-missing');
  });

  it('ends when nobody answers in the time that sudo gives', async (context) => {
    const user = sudoer(context, [ALL, 'Defaults:USER passwd_timeout=0.02']);
    const asker = { secret: () => new Promise<undefined>(() => undefined), confirm: async () => false };
    const error = await refused(context, { user, options: { elevation: { method: 'sudo', asker } } });
    expect([error.code, error.why]).toEqual(['elevation-refused', expect.stringContaining('in time')]);
  });

  it.for([['as usual'], ['inside a terminal of its own', 'Defaults:USER use_pty']])(
    'ends when its way is cut: %s',
    async ([, ...rules], context) => {
      const user = sudoer(context, [NO_PASSWORD, ...rules]);
      const { target, host } = await open(context, { user });
      expect(outcomes(await target.read(['/proc/version']))).toEqual(['ok']);
      await endsWithin(target, () => host.close());
      await eventually(
        'nothing of it is left',
        () => !existsSync(ROOTS_PLACE) || readdirSync(ROOTS_PLACE).length === 0,
      );
    },
  );

  it.for(['fish', 'tcsh'])('works from the shell %s', async (name, context) => {
    const shell = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
    if (shell === '') return context.skip(`needs the shell ${name}`);
    const user = sudoer(context, [ALL]);
    const { target } = await open(context, { user, answers: [PASSWORD], host: { shell } });
    expect(target.rights.uid).toBe(0);
  });
});

describe('a rule of sudo for the probe alone', () => {
  const installed = (running: Running, owner = 0): string => {
    if (process.getuid?.() !== 0) return running.skip('needs root to install a probe');
    const path = join(folder('libexec-', '/opt'), 'io-uring-probe');
    copyFileSync(probe, path);
    chownSync(path, owner, owner);
    return path;
  };

  it('runs the one that root alone can replace, where it is', async (context) => {
    const probePath = installed(context);
    const rule = `USER ALL=(root) NOPASSWD: sha256:${digest} ${probePath} --no-memory`;
    const { target, questions } = await open(context, {
      user: sudoer(context, [rule]),
      options: { probePath, processMemory: false },
    });
    const [read] = await target.memory(process.pid, [{ address: 0x40_0000n, length: 8 }]);
    expect(read).toEqual({ ok: false, errno: 'EOPNOTSUPP' });
    expect([target.rights.uid, questions.length]).toEqual([0, 0]);
    expect(existsSync(ROOTS_PLACE) ? readdirSync(ROOTS_PLACE) : []).toEqual([]);
    await endsWithin(target, () => target.dispose());
  });

  it('asks for the password where the rule does', async (context) => {
    const probePath = installed(context);
    const rule = `USER ALL=(root) ${probePath} --no-kernel-memory`;
    const { target, questions } = await open(context, {
      user: sudoer(context, [rule]),
      answers: [PASSWORD],
      options: { probePath, kernelMemory: false },
    });
    expect([target.rights.uid, questions.length]).toEqual([0, 1]);
    const [read] = await target.kernel.read([{ address: 0xffff_ffff_8100_0000n, length: 8 }]);
    expect(read).toEqual({ ok: false, errno: 'EOPNOTSUPP' });
  });

  it('does not grant the options that it does not name, nor a shell', async (context) => {
    const probePath = installed(context);
    const user = sudoer(context, [`USER ALL=(root) NOPASSWD: ${probePath} --no-kernel-memory`]);
    const whole = await refused(context, { user, answers: [PASSWORD], options: { probePath } });
    const shell = await refused(context, { user, answers: [PASSWORD] });
    for (const { code, why } of [whole, shell])
      expect([code, why]).toEqual(['elevation-refused', expect.stringContaining('No rule of sudo allows')]);
  });

  it('is not used for a probe that others can replace', async (context) => {
    const user = sudoer(context, [NO_PASSWORD]);
    const own = installed(context, user.uid);
    const inTemporary = join(folder('probe-'), 'io-uring-probe');
    copyFileSync(probe, inTemporary);
    for (const probePath of [own, inTemporary]) {
      const error = await refused(context, { user, options: { probePath } });
      expect([error.code, error.why]).toEqual(['elevation-unsafe', expect.stringContaining(probePath)]);
    }
  });

  it.for([
    'NOPASSWD: /usr/bin/id, PROBE',
    'NOPASSWD: sha256:DIGEST PROBE2',
    'NOPASSWD: sha256:DIGEST /usr/bin/id, PROBE',
    'NOPASSWD: ALL, sha256:DIGEST PROBE',
  ])('is not taken for one with its digest: %s', async (commands, context) => {
    const probePath = join(folder('probe-'), 'io-uring-probe');
    copyFileSync(probe, probePath);
    const rule = `USER ALL=(root) ${commands.replace('DIGEST', digest).replace('PROBE', probePath)}`;
    const error = await refused(context, { user: sudoer(context, [rule]), options: { probePath } });
    expect(error.code).toBe('elevation-unsafe');
  });

  it('may leave the probe where its user can write, if the rule has its digest', async (context) => {
    const probePath = join(folder('probe-'), 'io-uring-probe');
    copyFileSync(probe, probePath);
    const user = sudoer(context, [`USER ALL=(root) NOPASSWD: sha256:${digest} ${probePath}`]);
    chownSync(probePath, user.uid, user.uid);
    const { target } = await open(context, { user, options: { probePath } });
    expect(target.rights.uid).toBe(0);
    target.dispose();
    await eventually('it has ended', () => hasEnded(target.hello.pid));
    copyFileSync('/usr/bin/id', probePath);
    const error = await refused(context, { user, answers: [PASSWORD], options: { probePath } });
    expect([error.code, error.why]).toEqual(['elevation-refused', expect.stringContaining('another digest')]);
  });
});

describe('the probe through pkexec', () => {
  const elevation = { ...asking().elevation, method: 'pkexec' } as const;

  it('runs once pkexec lets it', async (context) => {
    const standIn = programs([], { pkexec: '#!/bin/sh\nexec sudo -n "$@"\n' });
    const host = { env: { PATH: `${standIn}:/usr/bin:/bin` } };
    const { target } = await open(context, {
      user: sudoer(context, [NO_PASSWORD]),
      host,
      options: { elevation },
    });
    expect(target.rights.uid).toBe(0);
    await endsWithin(target, () => target.dispose());
  });

  it('has no use for the digest of a rule of sudo', async (context) => {
    const probePath = join(folder('probe-'), 'io-uring-probe');
    copyFileSync(probe, probePath);
    const user = sudoer(context, [`USER ALL=(root) NOPASSWD: sha256:${digest} ${probePath}`]);
    const error = await refused(context, { user, options: { elevation, probePath } });
    expect(error.code).toBe('elevation-unsafe');
  });

  it('says when it is missing, and when nobody can be asked', async (context) => {
    const user = sudoer(context, []);
    const names = ['sh', 'env', 'id', 'uname'];
    const missing = await refused(context, {
      user,
      host: { env: { PATH: programs(names) } },
      options: { elevation },
    });
    expect(missing.code).toBe('elevation-missing');
    const says =
      '#!/bin/sh\necho "Error executing command as another user: No authentication agent found." >&2; exit 127\n';
    const PATH = `${programs([], { pkexec: says })}:/usr/bin:/bin`;
    const agentless = await refused(context, { user, host: { env: { PATH } }, options: { elevation } });
    expect([agentless.code, agentless.remedy]).toEqual(['elevation-refused', 'Use sudo.']);
  });
});

describe('this machine with root’s rights', () => {
  it('runs a copy of root’s own where the probe is its user’s', async (context) => {
    const user = sudoer(context, [ALL]);
    const own = join(folder('own-'), 'io-uring-probe');
    copyFileSync(probe, own);
    chownSync(own, user.uid, user.uid);
    const program = await client(`
import { openLocal } from './src/target/local';
const asker = { secret: async () => ${JSON.stringify(PASSWORD)}, confirm: async () => false };
openLocal(process.argv[2], { elevation: { method: 'sudo', asker } }).then(
  async (target) => {
    console.log(JSON.stringify({ uid: target.rights.uid, pid: target.hello.pid }));
    process.stdin.on('end', () => target.dispose()).resume();
  },
  (error) => { console.log(JSON.stringify(String(error))); process.exit(1); },
);`);
    const argv = [
      `--reuid=${user.uid}`,
      `--regid=${user.uid}`,
      '--clear-groups',
      process.execPath,
      program,
      own,
    ];
    const child = spawn('setpriv', argv, { stdio: ['pipe', 'pipe', 'inherit'], cwd: '/' });
    const line = await new Promise<string>((resolve) =>
      child.stdout.once('data', (data) => resolve(String(data))),
    );
    const { uid, pid } = JSON.parse(line);
    expect(uid, line).toBe(0);
    expect(dirname(readlinkSync(`/proc/${pid}/exe`))).toBe(ROOTS_PLACE);
    child.stdin.end();
    await eventually('the probe has ended', () => hasEnded(pid));
  });

  it('needs nothing from root, who gets a copy of a probe that others can replace', async (context) => {
    if (process.getuid?.() !== 0) return context.skip('needs root');
    const { questions, elevation } = asking();
    const other = join(folder('other-'), 'io-uring-probe');
    copyFileSync(probe, other);
    chownSync(other, 65534, 65534);
    const target = await openLocal(other, { elevation });
    expect([target.rights.uid, questions.length]).toEqual([0, 0]);
    expect(dirname(readlinkSync(`/proc/${target.hello.pid}/exe`))).toBe(ROOTS_PLACE);
    await endsWithin(target, () => target.dispose());
  });
});
