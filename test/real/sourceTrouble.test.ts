import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRemote } from '../../src/target/remote/openRemote';
import { startContained } from './support/containers';
import { Installed, pidOf } from './support/installed';
import { mountHangfs } from './support/mounts';
import { self, testProbe } from './support/probe';
import { until } from './support/proc';
import { skipUnless } from './support/rights';
import { SLEEPER, SLEEPING, SourceView, shown } from './support/sourceStage';
import { Sshd, SshPlace } from './support/sshd';
import { compile, programFolder } from './support/stackPrograms';
import { asleep, StackStage, startProgram, USERS, type User } from './support/stackStage';
import { type Running, startVictim } from './support/victim';

/** Milliseconds that a look may take at what does not answer: two deadlines of a binary, and what a busy machine adds. */
const BOUNDED = 12_000;
/** In pause(2), as /proc/PID/syscall has it on x86-64. */
const PAUSE = '34 ';

let stage: StackStage;
beforeAll(async () => {
  stage = await StackStage.open();
});
afterAll(() => stage.close());

function view(context: Running, user: User, pid: number): SourceView {
  const { target, layout } = stage.target(context, user);
  const seen = new SourceView(target, pid, layout);
  context.onTestFinished(() => seen.binaries.close());
  return seen;
}

const sleeper = (name: string, ...flags: readonly string[]) => compile(name, SLEEPER, 'gcc', flags);

async function timed<T>(work: Promise<T>): Promise<{ readonly took: number; readonly value: T }> {
  const start = Date.now();
  return { value: await work, took: Date.now() - start };
}

describe.each(USERS)('as %s, the lines of a stack', (user) => {
  it.for(['-g -O1', '-g -O2', '-g -O2 -static', '-g -O2 -static-pie'])(
    'are told: %s',
    async (flags, context) => {
      const pid = await asleep(context, sleeper('sleeper', ...flags.split(' ')), [], 1);
      expect(shown(await view(context, user, pid).tell())).toEqual(SLEEPING);
    },
  );

  it('are those of a program that was deleted since', async (context) => {
    const program = sleeper('deleted', '-g', '-O2');
    const pid = await asleep(context, program, [], 1);
    rmSync(program);
    expect(shown(await view(context, user, pid).tell())).toEqual(SLEEPING);
  });

  it('are those of the program that runs, not of the one that has its name by now', async (context) => {
    const program = sleeper('replaced', '-g', '-O2');
    const pid = await asleep(context, program, [], 1);
    const other = compile(
      'other',
      SLEEPER.replaceAll('\n', '\n\n').replaceAll('wait_here', 'of_the_other'),
      'gcc',
      ['-g', '-O2'],
    );
    renameSync(other, program);
    expect(shown(await view(context, user, pid).tell())).toEqual(SLEEPING);
  });

  it('of a library that was replaced are the running one’s, or it is said that they are not to be had', async (context) => {
    const library = join(programFolder(), 'libwaits.so');
    const build = (source: string, to: string) => {
      writeFileSync(`${to}.c`, source);
      execFileSync('gcc', ['-g', '-O2', '-shared', '-fPIC', '-o', to, `${to}.c`]);
    };
    const text =
      '#include <unistd.h>\nvolatile int n;\nint wait_here(void) {\n  pause();\n  return n++;\n}\n';
    build(text, library);
    const main = 'int wait_here(void);\nvolatile int n;\nint main(void) {\n  wait_here();\n  return n;\n}\n';
    const program = compile('user', main, 'gcc', [
      '-g',
      '-O1',
      '-Wl,--no-as-needed',
      `-Wl,-rpath,${programFolder()}`,
      library,
    ]);
    const pid = await asleep(context, program, [], 1);
    expect(shown(await view(context, user, pid).tell())).toEqual(['wait_here :4', 'main :4']);
    build(text.replaceAll('\n', '\n\n'), `${library}.new`);
    renameSync(`${library}.new`, library);
    const seen = view(context, user, pid);
    const stack = shown(await seen.tell());
    if (user === 'root') expect(stack).toEqual(['wait_here :4', 'main :4']);
    else {
      expect(stack.join()).toMatch(/0x\w+ in libwaits\.so.*main :4/);
      // The map calls it deleted.
      expect(await seen.why('libwaits.so')).toMatch(/without root/);
      expect(seen.paths).not.toContain(library);
    }
  });

  it('without debug information are functions, and without symbols places in the file', async (context) => {
    const plain = await asleep(context, sleeper('plain', '-O2'), [], 1);
    expect(shown(await view(context, user, plain).tell())).toEqual(['wait_here', 'carry_out', 'main']);
    const stripped = await asleep(context, sleeper('stripped', '-O2', '-s'), [], 1);
    const { frames = [] } = await view(context, user, stripped).tell();
    const own = frames.filter(({ binary }) => binary?.includes('stripped'));
    expect(own.length).toBeGreaterThanOrEqual(3);
    for (const frame of own) expect(frame.function).toMatch(/^0x[0-9a-f]+ in stripped-\d+$/);
  });

  it('are never told of a process that runs hot', async (context) => {
    const source = 'volatile int n;\nint main(void) { for (;;) n++; }\n';
    const pid = startProgram(context, compile('hot', source, 'gcc', ['-g', '-O0']));
    const seen = view(context, user, pid);
    for (let look = 0; look < 5; look++) {
      const { frames, note } = await seen.tell();
      expect(frames).toBeUndefined();
      expect(note).toBe('is not told: it runs');
    }
  });

  it('are those of the program that a process has become', async (context) => {
    const next = sleeper('next', '-g', '-O2', '-no-pie');
    const source = SLEEPER.replace(
      'pause();',
      `char c; if (read(0, &c, 1) == 0) execl("${next}", "next", (char *)0);`,
    );
    const program = compile('first', source, 'gcc', ['-g', '-O2', '-no-pie']);
    const pid = await asleep(context, `sh`, ['-c', `exec 3>&1; sleep 1 | ${program}`], 1).then((shell) =>
      childNamed(shell, 'first'),
    );
    const seen = view(context, user, pid);
    const before = await seen.tell();
    expect(shown(before)).toEqual(SLEEPING);
    await until(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('next'), 'exec');
    await until(() => readFileSync(`/proc/${pid}/syscall`, 'utf8').startsWith(PAUSE), 'pause');
    const after = await seen.tell();
    expect(shown(after)).toEqual(SLEEPING);
    expect(after.frames?.find((frame) => frame.function === 'main')?.binary).toBe(next);
  });

  it('of a process whose memory map is locked for ever are given up in time', async (context) => {
    skipUnless(context, 'fuse');
    const { directory } = await mountHangfs(context);
    const { pid } = await startVictim(context, self, 'hungmm', [join(directory, 'hang1')]);
    const { target } = stage.target(context, 'root');
    const maps = readFileSync(`/proc/${pid}/maps`, 'utf8');
    const address = BigInt(`0x${/^(\w+)-.*hang1$/m.exec(maps)?.[1]}`);
    await target.memory(pid, [{ address, length: 4096 }], { deadline: 200 });
    const seen = view(context, user, pid);
    for (let look = 0; look < 2; look++) {
      const { value, took } = await timed(seen.tell());
      expect(took).toBeLessThan(BOUNDED);
      // Reading goes on beside a reader; a writer that waits keeps all out.
      if (value.frames === undefined)
        expect(value.note).toMatch(/does not answer|cannot be read|right is missing/);
    }
  });
});

/** The descendant of that name, once it sleeps. */
async function childNamed(parent: number, name: string): Promise<number> {
  const children = () =>
    readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').trim().split(' ').map(Number);
  const found = () =>
    children().find(
      (pid) =>
        pid > 0 &&
        existsSync(`/proc/${pid}/comm`) &&
        readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith(name),
    );
  await until(() => found() !== undefined, `${name} runs`);
  return found() ?? 0;
}

describe('the stack of a program', () => {
  /** Runs a program of a FUSE mount, whose server stops when it sleeps. */
  async function onDeadMount(context: Running, source: string): Promise<SourceView> {
    skipUnless(context, 'fuse');
    const { directory, server } = await mountHangfs(context);
    const on = join(directory, 'disk1');
    const program = compile('fuse', source, 'gcc', ['-g', '-O2', '-static']);
    writeFileSync(on, readFileSync(program), { flag: 'r+' });
    const pid = pidOf(new Installed(context).start(on, []));
    await until(() => readFileSync(`/proc/${pid}/syscall`, 'utf8').startsWith(PAUSE), 'pause');
    process.kill(server.pid, 'SIGUSR1');
    return view(context, 'root', pid);
  }

  it('on a FUSE mount that died comes from memory; its symbols are missing with the reason, and no path is opened', async (context) => {
    const resident = SLEEPER.replace('  puts', '  if (mlockall(MCL_CURRENT)) return 1;\n  puts');
    const seen = await onDeadMount(context, `#include <sys/mman.h>\n${resident}`);
    const { value, took } = await timed(seen.tell());
    expect(took).toBeLessThan(BOUNDED);
    expect(value.frames?.length).toBeGreaterThanOrEqual(5);
    expect(value.note).toBeUndefined();
    for (const frame of value.frames ?? []) expect(frame.function).toMatch(/^0x\w+ in disk1$/);
    expect(await seen.why('disk1')).toBe('its file system does not answer');
    expect(seen.paths).toEqual([]);
  });

  it('on a FUSE mount that died, with its unwind tables not in memory, is given up in time', async (context) => {
    const seen = await onDeadMount(context, SLEEPER);
    for (let look = 0; look < 3; look++) {
      const { value, took } = await timed(seen.tell());
      expect(took).toBeLessThan(BOUNDED);
      if (value.frames === undefined) expect(value.note).toBe('is not told: its memory does not answer');
    }
    expect(seen.paths).toEqual([]);
  });

  it('in a container has the lines of the files in there', async (context) => {
    skipUnless(context, 'containers', 'ioUring');
    const { pid } = await startContained(context, 'ring_victim', ['eventfd-poll']);
    const { frames = [] } = await view(context, 'root', pid).tell();
    expect(frames.at(-1)?.function).toBe('_start');
    expect(
      frames.some(({ function: name, binary }) => name === 'main' && binary === '/bin/ring_victim'),
    ).toBe(true);
  });

  it('comes over SSH, with lines', async (context) => {
    skipUnless(context, 'sshd', 'ssh');
    const at = new SshPlace(context);
    const server = await Sshd.start(at, context, 'server');
    const config = [
      'Host db1',
      'HostName 127.0.0.1',
      `Port ${server.port}`,
      `User ${at.user.name}`,
      `UserKnownHostsFile ${at.path('.ssh/known_hosts')}`,
      'GlobalKnownHostsFile none',
      `IdentityFile ${at.key('k')}`,
    ].join('\n');
    const host = await at.connect('db1', config);
    const probe = await testProbe();
    const target = await openRemote(host, { probes: () => probe });
    context.onTestFinished(() => target.dispose());
    const program = sleeper('remote', '-g', '-O2');
    const command = await host.run(`${program}`);
    const ready = await new Promise<string>((resolve) => {
      command.output.once('data', (chunk: Buffer) => resolve(String(chunk)));
    });
    expect(ready).toBe('ready\n');
    const stdout = execFileSync('pgrep', ['-f', program], { encoding: 'utf8' });
    const pid =
      stdout
        .trim()
        .split('\n')
        .map(Number)
        .find((one) => readFileSync(`/proc/${one}/comm`, 'utf8').startsWith('remote')) ?? 0;
    await until(() => readFileSync(`/proc/${pid}/syscall`, 'utf8').startsWith(PAUSE), 'pause');
    const seen = new SourceView(target, pid);
    context.onTestFinished(() => seen.binaries.close());
    context.onTestFinished(() => void process.kill(pid, 'SIGKILL'));
    expect(shown(await seen.tell())).toEqual(SLEEPING);
  });
});
