import { describe, expect, it } from 'vitest';
import { parseFdinfo } from '../../../src/procfs/fdinfo';
import { parseFdLink } from '../../../src/procfs/fdLink';
import { openFlagNames } from '../../../src/procfs/openFlags';
import { corpusText } from './corpus';

describe('parseFdLink', () => {
  it.each([
    ['/srv/data', { kind: 'path', path: '/srv/data', deleted: false }],
    ['/tmp/x (deleted)', { kind: 'path', path: '/tmp/x', deleted: true }],
    ['/x/pipe:[1]', { kind: 'path', path: '/x/pipe:[1]', deleted: false }],
    ['/a\nsocket:[2]', { kind: 'path', path: '/a\nsocket:[2]', deleted: false }],
    ['pipe:[313840]', { kind: 'pipe', inode: 313840 }],
    ['socket:[314226]', { kind: 'socket', inode: 314226 }],
    ['anon_inode:[io_uring]', { kind: 'anon', name: 'io_uring' }],
    ['anon_inode:inotify', { kind: 'anon', name: 'inotify' }],
    ['anon_inode:[pidfd]', { kind: 'anon', name: 'pidfd' }],
    ['pidfd:[3204]', { kind: 'anon', name: 'pidfd' }],
    ['anon_inode:kvm-vcpu:0', { kind: 'anon', name: 'kvm-vcpu:0' }],
    ['/memfd:shm pool (deleted)', { kind: 'memfd', name: 'shm pool', deleted: true }],
    ['/memfd:a file of the root', { kind: 'path', path: '/memfd:a file of the root', deleted: false }],
    ['mnt:[4026531841]', { kind: 'namespace', type: 'mnt', inode: 4026531841 }],
    ['time_for_children:[4026531834]', { kind: 'namespace', type: 'time_for_children', inode: 4026531834 }],
    ['pipe:[1]x', { kind: 'other', text: 'pipe:[1]x' }],
    ['strange:[1]', { kind: 'other', text: 'strange:[1]' }],
    ['', { kind: 'other', text: '' }],
  ])('%j', (text, expected) => {
    expect(parseFdLink(text)).toEqual(expected);
  });
});

describe('parseFdinfo', () => {
  it('reads the head, with the flags in octal', () => {
    expect(parseFdinfo('pos:\t131\nflags:\t0100001\nmnt_id:\t27\nino:\t2353044\n')).toEqual({
      pos: 131,
      flags: 0o100001,
      mountId: 27,
      inode: 2353044,
      locks: [],
    });
  });

  it('lists the locks held through the file', () => {
    expect(parseFdinfo(corpusText('6.18/lease.fdinfo')).locks).toEqual([
      '1: LEASE  BREAKING  READ 7228 fe:00:2352101 0 EOF',
    ]);
  });

  it('has no inode on kernels that print none', () => {
    expect(parseFdinfo('pos:\t0\nflags:\t02\nmnt_id:\t9\n')).toEqual({
      pos: 0,
      flags: 2,
      mountId: 9,
      locks: [],
    });
  });

  it('reads nothing after the head, where names of files may stand', () => {
    expect(parseFdinfo('pos:\t0\nUserFiles:\t1\n    0: a\nino:\t7\nlock:\t1: FORGED\n')).toEqual({
      pos: 0,
      locks: [],
    });
  });
});

describe('openFlagNames', () => {
  it.each([
    [0o100000, 'x86_64', ['O_RDONLY', 'O_LARGEFILE']],
    [0o100001, 'x86_64', ['O_WRONLY', 'O_LARGEFILE']],
    [0o2000002, 'x86_64', ['O_RDWR', 'O_CLOEXEC']],
    [0o140002, 'x86_64', ['O_RDWR', 'O_DIRECT', 'O_LARGEFILE']],
    [0o600002, 'aarch64', ['O_RDWR', 'O_DIRECT', 'O_LARGEFILE']],
    [0o200000, 'x86_64', ['O_RDONLY', 'O_DIRECTORY']],
    [0o40000, 'aarch64', ['O_RDONLY', 'O_DIRECTORY']],
    [0o4012001, 'x86_64', ['O_WRONLY', 'O_APPEND', 'O_SYNC']],
    [0o14000, 'x86_64', ['O_RDONLY', 'O_NONBLOCK', 'O_DSYNC']],
    [0o20200002, 'x86_64', ['O_RDWR', 'O_TMPFILE']],
    [0o10000000, 'x86_64', ['O_RDONLY', 'O_PATH']],
  ])('%o on %s', (flags, arch, expected) => {
    expect(openFlagNames(flags, arch)).toEqual(expected);
  });
});
