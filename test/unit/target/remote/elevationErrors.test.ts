import { describe, expect, it } from 'vitest';
import { elevationEnded } from '../../../../src/target/remote/elevationErrors';
import type { RemoteEnd } from '../../../../src/target/remoteHost';

const told = (complaint: string, end: RemoteEnd = { code: 1 }, method: 'sudo' | 'pkexec' = 'sudo') =>
  elevationEnded('db1', method, end, complaint);

describe('what sudo and pkexec end with', () => {
  it.each([
    ['sudo: 3 incorrect password attempts', /wrong each time/],
    ['sudo-rs: Maximum 3 incorrect authentication attempts', /wrong each time/],
    ['deploy is not in the sudoers file.  This incident will be reported.', /not in the sudoers/],
    [
      'deploy is not in the sudoers file.\nThis incident has been reported to the administrator.',
      /not in the sudoers/,
    ],
    ['Sorry, user deploy may not run sudo on db1.', /not in the sudoers/],
    ["Sorry, user deploy is not allowed to execute '/usr/bin/sh -c x' as root on db1.", /No rule/],
    ["sudo: I'm sorry deploy. I'm afraid I can't do that", /No rule/],
    ['sudo: sorry, you must have a tty to run sudo', /requiretty/],
    ['sudo: timed out reading password', /in time/],
    ['sudo: no tty present and no askpass program specified', /no password/],
    ['sudo: a password is required', /no password/],
    ['sudo: The "no new privileges" flag is set, which prevents sudo from running as root.', /no_new_privs/],
    [
      "sudo: effective uid is not 0, is /usr/bin/sudo on a file system with the 'nosuid' option set",
      /nosuid/,
    ],
    ['sudo: account validation failure, is your account locked?', /expired/],
  ])('%s', (complaint, why) => {
    const error = told(complaint);
    expect(error.code).toBe('elevation-refused');
    expect(error.why).toMatch(why);
    expect(error.why).toContain(' sudo said: ');
  });

  it.each([
    ["env: 'sudo': No such file or directory", 'sudo'],
    ["env: can't execute 'sudo': No such file or directory", 'sudo'],
    ["env: 'pkexec': No such file or directory", 'pkexec'],
  ] as const)('%s', (complaint, method) => {
    const error = told(complaint, { code: 127 }, method);
    expect([error.code, error.why]).toEqual(['elevation-missing', expect.stringContaining(`no ${method}.`)]);
  });

  it('tells a dialog that was dismissed from one that nobody shows', () => {
    const dismissed = 'Error executing command as another user: Request dismissed';
    expect(told(dismissed, { code: 126 }, 'pkexec').code).toBe('cancelled');
    const nobody =
      'Error getting authority: Error initializing authority: Could not connect: No such file or directory';
    expect(told(nobody, { code: 127 }, 'pkexec')).toMatchObject({
      code: 'elevation-refused',
      remedy: 'Use sudo.',
    });
  });

  it('hands on what it does not know, made harmless', () => {
    const error = told(`\u001b[31mPAM: \u202e${'x'.repeat(5000)}`, { signal: 'SIGKILL' });
    expect(error.why).toContain('sudo was ended by SIGKILL. sudo said: \\x1b[31mPAM: \\u202exxx');
    expect(error.why.length).toBeLessThan(400);
  });
});
