import { describe, expect, it } from 'vitest';
import { containerCommand, withLine } from '../../../../src/target/remote/command';

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
