import { describe, expect, it } from 'vitest';
import { openHost, type Ways } from '../../../src/inspect/openHost';
import { UserError } from '../../../src/model/errors';
import type { RemoteHost } from '../../../src/target/remoteHost';
import { asker, FakeTarget } from './fakeHosts';

const OPTIONS = { probe: () => '/no/probe', kernelMemory: true, processMemory: true, keepProbe: false };

function stage(probe?: Ways['probe']) {
  const log: string[] = [];
  const fake = new FakeTarget('over a command');
  let cut: (why: string) => void = () => undefined;
  const host: RemoteHost = {
    label: 'web',
    run: () => Promise.reject(new Error('not asked for here')),
    lost: new Promise((resolve) => {
      cut = resolve;
    }),
    close: () => log.push('host closed'),
  };
  const ways: Ways = {
    ssh: async (alias) => {
      log.push(`ssh ${alias}`);
      return host;
    },
    command: (command) => {
      log.push(command.join(' '));
      return host;
    },
    probe:
      probe ??
      (async (_host, { sudo }) => {
        log.push(sudo ? 'probe as root' : 'probe');
        return fake.target;
      }),
    elevated: async () => {
      log.push('sudo here');
      return fake.target;
    },
  };
  const open = (id: Parameters<typeof openHost>[0], signal = new AbortController().signal) =>
    openHost(id, asker(undefined), signal, OPTIONS, async () => ways);
  return { log, fake, open, cut: (why: string) => cut(why) };
}

describe('opening a host', () => {
  it('takes the way that its kind says, and the rights it asks for', async () => {
    const { log, open } = stage();
    await open({ kind: 'ssh', alias: 'db1', sudo: true });
    await open({ kind: 'command', label: 'web', command: ['docker', 'exec', '-i', 'web'] });
    await open({ kind: 'local', sudo: true });
    expect(log).toEqual(['ssh db1', 'probe as root', 'docker exec -i web', 'probe', 'sudo here']);
  });

  it('asks for no way to others where this machine is meant', async () => {
    const ways = () => Promise.reject(new Error('asked'));
    const opened = openHost({ kind: 'local' }, asker(undefined), new AbortController().signal, OPTIONS, ways);
    await expect(opened).rejects.toMatchObject({
      code: process.platform === 'linux' ? 'probe-missing' : 'not-linux',
    });
  });

  it('leaves the host when the probe does not start', async () => {
    const { log, open } = stage(async () => {
      throw new UserError('probe-failed', 'The probe did not start.', 'The disk is full.');
    });
    await expect(open({ kind: 'ssh', alias: 'db1' })).rejects.toThrow('The disk is full.');
    expect(log).toEqual(['ssh db1', 'host closed']);
  });

  it('leaves the host when it is cancelled while the probe starts', async () => {
    const cancel = new AbortController();
    const { log, open } = stage(() => new Promise(() => undefined));
    void open({ kind: 'ssh', alias: 'db1' }, cancel.signal);
    await new Promise((resolve) => setTimeout(resolve));
    cancel.abort();
    expect(log).toEqual(['ssh db1', 'host closed']);
  });

  it('is lost with the way to it, and closes both', async () => {
    const { log, fake, open, cut } = stage();
    const target = await open({ kind: 'ssh', alias: 'db1' });
    expect(target.label).toBe('over a command');
    cut('The server closed the connection.');
    expect(await target.lost).toBe('The server closed the connection.');
    target.dispose();
    expect([fake.closed, log.at(-1)]).toEqual([true, 'host closed']);
  });
});
