import type { AuthMethod } from 'ssh2';
import { describe, expect, it } from 'vitest';
import type { Asker, SecretQuestion } from '../../../../src/target/remoteHost';
import { Authentication } from '../../../../src/target/ssh/auth';
import type { HostOptions } from '../../../../src/target/ssh/hostOptions';
import { Identities } from '../../../../src/target/ssh/identities';
import { loadLibrary } from '../../../../src/target/ssh/loadLibrary';

const OPTIONS: HostOptions = {
  name: 'db1',
  hostname: 'db1.example.org',
  port: 22,
  user: 'joe',
  identityFiles: [],
  identitiesOnly: false,
  certificateFiles: [],
  gssapi: false,
  jumps: [],
  userKnownHostsFiles: [],
  globalKnownHostsFiles: [],
  strictHostKeyChecking: 'ask',
  hashKnownHosts: false,
  methods: ['publickey', 'keyboard-interactive', 'password'],
  passwordPrompts: 3,
  serverAliveInterval: 0,
  serverAliveCountMax: 3,
  notes: [],
};

async function login(answers: readonly (string | undefined)[]) {
  const asked: SecretQuestion[] = [];
  const left = [...answers];
  const asker: Asker = {
    secret: async (question) => {
      asked.push(question);
      return left.shift();
    },
    confirm: async () => false,
  };
  const identities = new Identities(
    OPTIONS,
    asker,
    await loadLibrary(),
    () => undefined,
    (work) => work(),
  );
  const authentication = new Authentication(OPTIONS, identities, asker);
  const next = (methods: readonly string[] | null) =>
    new Promise<AuthMethod | false>((resolve) => authentication.handler(methods, false, resolve));
  await next(null);
  return { asked, authentication, next };
}

function prompted(
  method: AuthMethod | false,
  instructions: string,
  prompts: { prompt: string; echo: boolean }[],
) {
  return new Promise<string[]>((resolve) => {
    if (method === false || method.type !== 'keyboard-interactive') throw new Error('another method');
    method.prompt('', instructions, '', prompts, resolve);
  });
}

describe('a server’s questions', () => {
  it('are shown without anything that a terminal or a tree would obey, and cut', async () => {
    const { asked, next } = await login(['123', 'joe']);
    const method = await next(['keyboard-interactive']);
    const answers = await prompted(method, 'Look:\u001b[2J\u202e', [
      { prompt: `Code\u0007\r\n${'x'.repeat(5000)}`, echo: false },
      { prompt: 'Name: ', echo: true },
    ]);
    expect(answers).toEqual(['123', 'joe']);
    expect(asked).toMatchObject([
      {
        kind: 'code',
        hidden: true,
        text: expect.stringContaining('db1 asks joe: Look:\\x1b[2J\\u202e Code\\x07'),
      },
      { kind: 'code', hidden: false },
    ]);
    expect(asked[0]?.text.length).toBeLessThan(500);
    expect(asked[0]).not.toHaveProperty('key');
  });

  it('only a plain one for the password may be remembered', async () => {
    const { asked, next } = await login(['a', 'b']);
    await prompted(await next(['keyboard-interactive']), '', [
      { prompt: '(joe@db1) Password: ', echo: false },
    ]);
    await prompted(await next(['keyboard-interactive']), '', [{ prompt: 'New password? ', echo: false }]);
    expect(asked).toMatchObject([
      { kind: 'password', key: 'ssh password joe@db1.example.org:22', again: false },
      { kind: 'code', again: true },
    ]);
    expect(asked[1]).not.toHaveProperty('key');
  });

  it('too many end it, and so does a user who declines', async () => {
    const flood = await login([]);
    const method = await flood.next(['keyboard-interactive']);
    const prompts = Array.from({ length: 1000 }, () => ({ prompt: 'x', echo: true }));
    await prompted(method, '', prompts);
    expect(flood.asked).toEqual([]);
    expect(await flood.next(['keyboard-interactive', 'password'])).toBe(false);
    expect(flood.authentication.failure()).toMatchObject({ why: 'It asks too many questions.' });

    const declined = await login([undefined]);
    await prompted(await declined.next(['keyboard-interactive']), '', [{ prompt: 'Code', echo: false }]);
    expect(await declined.next(['keyboard-interactive'])).toBe(false);
    expect(declined.authentication.failure()).toMatchObject({ code: 'cancelled' });
  });

  it('one after the other without end are cut off', async () => {
    const { asked, next, authentication } = await login(Array.from({ length: 500 }, () => 'x'));
    const method = await next(['keyboard-interactive']);
    for (let turn = 0; turn < 100; turn++) await prompted(method, '', [{ prompt: 'again', echo: false }]);
    expect(asked.length).toBeLessThan(20);
    expect(await next(['keyboard-interactive'])).toBe(false);
    expect(authentication.failure().code).toBe('not-authenticated');
  });

  it('a method that asks nothing is not tried again', async () => {
    const { next } = await login([undefined]);
    expect(await next(['keyboard-interactive'])).toMatchObject({ type: 'keyboard-interactive' });
    expect(await next(['keyboard-interactive'])).toBe(false);
  });
});

describe('passwords', () => {
  it('are wiped once they were sent, and stand in no error', async () => {
    const { next, authentication } = await login(['hunter2', 'hunter3', 'hunter4']);
    const first = await next(['password']);
    if (first === false || first.type !== 'password') throw new Error('another method');
    const { password } = first;
    expect(password.toString()).toBe('hunter2');
    await next(['password']);
    expect(password.every((byte) => byte === 0)).toBe(true);
    const last = await next(['password']);
    expect(await next(['password'])).toBe(false);
    authentication.end();
    expect(JSON.stringify(last)).not.toContain('hunter');
    const { message } = authentication.failure();
    expect(message).toContain('a password (3 times)');
    expect(message).not.toContain('hunter');
  });
});
