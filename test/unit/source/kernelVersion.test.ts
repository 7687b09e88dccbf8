import { describe, expect, it } from 'vitest';
import manifest from '../../../package.json';
import { parseVersion, parseVersionSignature } from '../../../src/procfs/version';
import { kernelLink } from '../../../src/source/kernelLink';
import { isForked, kernelVersion, treeVersion } from '../../../src/source/kernelVersion';

const KERNEL_LINK = manifest.contributes.configuration.flatMap(
  ({ properties }) => properties['ioUringInspector.kernelLink']?.default ?? [],
)[0] as string;

describe('the upstream version of a kernel', () => {
  it.each([
    ['6.18.0', 'v6.18', true],
    ['6.18.44', 'v6.18.44', true],
    ['6.9.0-rc3', 'v6.9-rc3', true],
    ['6.9.0-rc3-00123-gdeadbeef1234-dirty', 'v6.9-rc3', true],
    ['6.1.100+', 'v6.1.100', true],
    ['6.11.5-arch1-1', 'v6.11.5', true],
    ['6.18.44-fc-v669', 'v6.18.44', false],
    // Fedora, and its kernels before a release.
    ['6.11.4-301.fc41.x86_64', 'v6.11.4', false],
    ['6.12.0-0.rc3.20241016git2f87d0916ce0.31.fc42.x86_64', 'v6.12-rc3', false],
    // Amazon Linux, WSL.
    ['6.1.112-122.189.amzn2023.x86_64', 'v6.1.112', false],
    ['5.15.153.1-microsoft-standard-WSL2', 'v5.15.153', false],
    // RHEL, and Ubuntu where /proc/version_signature is not there.
    ['5.14.0-427.13.1.el9_4.x86_64', 'v5.14', false],
    ['6.8.0-45-generic', 'v6.8', false],
    // Debian where /proc/version was not to be had.
    ['6.1.0-27-amd64', 'v6.1', false],
    // A number that only looks like a candidate's.
    ['6.1.12-rc1', 'v6.1.12', true],
  ])('%s → %s', (kernel, tag, exact) => {
    expect(kernelVersion({ kernel })).toEqual({ tag, exact });
  });

  it('is what Debian and Ubuntu say it was built from', () => {
    const debian =
      'Linux version 6.1.0-27-amd64 (x@y) (gcc) #1 SMP PREEMPT_DYNAMIC Debian 6.1.115-1 (2024-11-01)';
    expect(kernelVersion({ kernel: '6.1.0-27-amd64', stable: parseVersion(debian)?.stable ?? '' })?.tag).toBe(
      'v6.1.115',
    );
    const ubuntu = parseVersionSignature('Ubuntu 6.8.0-45.45-generic 6.8.12\n');
    expect(ubuntu).toBe('6.8.12');
    expect(kernelVersion({ kernel: '6.8.0-45-generic', stable: ubuntu ?? '' })).toEqual({
      tag: 'v6.8.12',
      exact: false,
    });
  });

  it.each([
    '',
    'Ubuntu',
    'Ubuntu 6.8.0-45.45-generic',
    'Ubuntu 6.8.0-45.45-generic 6.8',
    'x 6.8.0 6.8.12/../..',
  ])('is not read from the signature %j', (text) => expect(parseVersionSignature(text)).toBeUndefined());

  it.each(['', 'unknown', '6', '1234.5.6', '6.1.2.3.4', '4.4.1234'])('is not known of %j', (kernel) => {
    expect(kernelVersion({ kernel })).toBeUndefined();
  });

  it('is known to say little where a vendor keeps the number and changes the code', () => {
    expect(isForked({ kernel: '5.14.0-427.13.1.el9_4.x86_64' })).toBe(true);
    expect(isForked({ kernel: '6.4.0-150600.23.25-default' })).toBe(true);
    expect(isForked({ kernel: '6.8.0-45-generic' })).toBe(true);
    expect(isForked({ kernel: '6.8.0-45-generic', stable: '6.8.12' })).toBe(false);
    expect(isForked({ kernel: '6.11.4-301.fc41.x86_64' })).toBe(false);
  });

  it('stands in the Makefile of a tree', () => {
    const head =
      '# SPDX-License-Identifier: GPL-2.0\nVERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 192\nEXTRAVERSION =\n';
    expect(treeVersion(head)).toBe('v6.1.192');
    expect(treeVersion('VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 0\nEXTRAVERSION = -rc3\n')).toBe(
      'v6.12-rc3',
    );
    expect(treeVersion('all:\n\tgcc\n')).toBeUndefined();
  });
});

describe('the link to a function', () => {
  it('names a system call as its site does', () => {
    const link = (name: string) => kernelLink(KERNEL_LINK, 'v6.1.115', name);
    expect(link('io_wq_worker')).toBe('https://elixir.bootlin.com/linux/v6.1.115/C/ident/io_wq_worker');
    expect(link('do_filp_open.isra.0')).toMatch(/ident\/do_filp_open$/);
    expect(link('__x64_sys_io_uring_enter')).toMatch(/ident\/sys_io_uring_enter$/);
  });

  it('cannot be led elsewhere by a name, and leads nowhere but to the web', () => {
    expect(kernelLink(KERNEL_LINK, 'v6.1', 'a/../../evil?x#y')).toBe(
      'https://elixir.bootlin.com/linux/v6.1/C/ident/a%2F',
    );
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a template
    expect(kernelLink('command:run?${name}', 'v6.1', 'f')).toBeUndefined();
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a template
    expect(kernelLink('${name}', 'v6.1', 'f')).toBeUndefined();
    expect(kernelLink('', 'v6.1', 'f')).toBeUndefined();
  });
});
