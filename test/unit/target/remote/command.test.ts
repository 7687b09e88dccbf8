import { describe, expect, it } from 'vitest';
import { containerCommand } from '../../../../src/target/remote/command';

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
