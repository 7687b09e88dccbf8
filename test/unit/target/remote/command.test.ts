import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { containerCommand, openCommand, withLine } from '../../../../src/target/remote/command';

describe('containerCommand', () => {
  it('puts options before the name and the rest behind it', () => {
    expect(containerCommand('docker', 'web')).toEqual(['docker', 'exec', '-i', 'web']);
    expect(containerCommand('podman', 'web', ['--user', '0'])).toEqual([
      'podman',
      'exec',
      '-i',
      '--user',
      '0',
      'web',
    ]);
    expect(containerCommand('kubectl', 'web-1', ['-n', 'shop'])).toEqual([
      'kubectl',
      'exec',
      '-i',
      '-n',
      'shop',
      'web-1',
      '--',
    ]);
  });

  it('takes no option for a name', () => {
    for (const name of ['', '-it', '--privileged', 'a\0b'])
      expect(() => containerCommand('docker', name)).toThrow(/name of a container/);
  });
});

describe('withLine', () => {
  it.each([
    [['docker', 'exec', '-i', 'web'], []],
    [['docker', 'exec', '-i', 'kubectl'], []],
    [['kubectl', 'exec', '-i', '-n', 'shop', 'web-0', '-c', 'app', '--'], []],
    [['kubectl', 'exec', '-i', '-n', 'shop', 'web-0', '-c', 'app'], ['--']],
    [['k3s', 'kubectl', 'exec', '-i', 'web-0'], ['--']],
    [['sudo', '--', '/usr/local/bin/oc', 'exec', '-i', 'web-0'], ['--']],
  ])('keeps our words from being options of kubectl: %j', (argv, between) => {
    expect(withLine(argv, 'a b')).toEqual([...argv, ...between, 'sh', '-c', 'a b']);
  });
});

describe('openCommand', () => {
  it('quotes for the shell that ssh hands words to, and for nobody else', async () => {
    const bin = mkdtempSync(join(tmpdir(), 'inspect-command-'));
    for (const name of ['ssh', 'docker'])
      writeFileSync(join(bin, name), '#!/bin/sh\nprintf "%s|" "$@"\n', { mode: 0o755 });
    const said = async (program: string) => {
      const host = openCommand([join(bin, program), 'db1'], 'db1');
      const command = await host.run("echo 'a b'");
      const text = await new Response(command.output as unknown as ReadableStream).text();
      return { text, patience: host.patience };
    };
    try {
      expect(await said('docker')).toEqual({ text: "db1|sh|-c|echo 'a b'|", patience: undefined });
      expect(await said('ssh')).toEqual({ text: "db1|sh|-c|'echo '\\''a b'\\'''|", patience: 120_000 });
    } finally {
      rmSync(bin, { recursive: true });
    }
  });
});
