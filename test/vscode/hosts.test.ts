import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { hostKey } from '../../src/inspect/hostId';
import type { Asker, SecretQuestion } from '../../src/target/remoteHost';
import type { Target } from '../../src/target/target';
import { COMMANDS } from '../../src/views/ids';
import { api, children, closeAll, messages, newerSample, sampleOf, victim } from './stage';
import { eventually, type Test } from './suite';

const QUESTION: SecretQuestion = {
  kind: 'password',
  text: 'Password of deploy on db3',
  key: 'ssh password deploy@db3:22',
  again: false,
  hidden: true,
};

/** This machine under other names, each with a way to it that the test can cut. */
const cuts = new Map<string, () => void>();
let unreachable = false;
let answers: (string | undefined)[] = [];
/** What connecting to a host asks the user, and what was answered. */
const questions = new Map<string, (asker: Asker) => Promise<string | boolean | undefined>>();
const given: string[] = [];

async function otherHosts(): Promise<void> {
  const { openHostsBy, UserError } = await api();
  openHostsBy(async (id, asker, here) => {
    const name = id.kind === 'ssh' ? id.alias : '';
    if (unreachable)
      throw new UserError('host-unreachable', `${name} cannot be reached.`, 'No route.', 'Check its name.');
    if (name === 'db7')
      throw new UserError(
        'needs-ssh',
        'db7 did not let you in.',
        'A certificate cannot be used.',
        'Use ssh.',
      );
    if (name === 'db3') {
      const answer = await asker.secret(QUESTION);
      answers.push(answer);
      if (answer === undefined) throw new UserError('cancelled', 'Not connected.', 'No password.');
    }
    const question = questions.get(name);
    if (question) {
      const answer = await question(asker);
      given.push(`${name}: ${String(answer)}`);
    }
    const target = await here();
    const lost = new Promise<string>((resolve) => {
      cuts.set(name, () => resolve('The network was cut.'));
    });
    return Object.create(target, { lost: { value: lost } }) as Target;
  });
}

const inspectOn = (pid: number, alias: string) =>
  messages(async () => vscode.commands.executeCommand(COMMANDS.attachByPid, pid, { alias }));
const tree = async () => (await api()).treeText();
const probes = () => children().filter((command) => command.includes('probe')).length;

async function keyOn(alias: string): Promise<string> {
  const found = (await api()).inspections().find(({ host }) => host?.kind === 'ssh' && host.alias === alias);
  if (!found) throw new Error(`nothing is inspected on ${alias}`);
  return found.key;
}

/** Answers what the editor would ask while `work` runs, and keeps what it was asked with. */
async function asking(
  answer: string,
  button: string,
  work: () => Promise<unknown>,
): Promise<readonly (vscode.InputBoxOptions | string)[]> {
  const asked: (vscode.InputBoxOptions | string)[] = [];
  const window = vscode.window as { showInputBox: unknown; showInformationMessage: unknown };
  const { showInputBox, showInformationMessage } = window;
  window.showInputBox = (options: vscode.InputBoxOptions) => {
    asked.push(options);
    return Promise.resolve(answer);
  };
  window.showInformationMessage = (text: string) => {
    asked.push(text);
    return Promise.resolve(button);
  };
  try {
    await work();
  } finally {
    Object.assign(window, { showInputBox, showInformationMessage });
  }
  return asked;
}

/** Counts the editor's own input boxes and pick lists, keeps what they say, and dismisses the one that is open. */
function boxes() {
  const window = vscode.window as { showInputBox: unknown; showQuickPick: unknown };
  const { showInputBox, showQuickPick } = vscode.window;
  let open: vscode.CancellationTokenSource | undefined;
  const shown = {
    prompts: [] as string[],
    open: 0,
    /** As Escape does, and also where the editor has not drawn it yet: a key would be pressed too early, or once too often. */
    dismiss: () => open?.cancel(),
    restore: () => Object.assign(window, { showInputBox, showQuickPick }),
  };
  const counting = async <T>(
    text: string | undefined,
    over: vscode.CancellationToken,
    box: (token: vscode.CancellationToken) => Thenable<T>,
  ): Promise<T> => {
    const dismissed = new vscode.CancellationTokenSource();
    open = dismissed;
    const both = over.onCancellationRequested(() => dismissed.cancel());
    shown.prompts.push(text ?? '');
    shown.open += 1;
    try {
      return await box(dismissed.token);
    } finally {
      both.dispose();
      shown.open -= 1;
    }
  };
  window.showInputBox = (options: vscode.InputBoxOptions, token: vscode.CancellationToken) =>
    counting(options.prompt, token, (one) => showInputBox(options, one));
  window.showQuickPick = (
    rows: readonly vscode.QuickPickItem[],
    options: vscode.QuickPickOptions,
    token: vscode.CancellationToken,
  ) => counting(options.placeHolder, token, (one) => showQuickPick(rows, options, one));
  return shown;
}

export const hostTests: readonly Test[] = [
  {
    name: 'processes of two hosts stand below their hosts',
    run: async () => {
      await closeAll();
      await otherHosts();
      const [stuck, healthy] = [victim('STUCK'), victim('HEALTHY')];
      assert.deepEqual(await inspectOn(stuck, 'db1'), []);
      assert.deepEqual(await inspectOn(healthy, 'db2'), []);
      const lines = (await tree()).split('\n');
      const tops = lines.filter((line) => /^ {0,2}(db|ring_victim)/.test(line));
      assert.deepEqual(
        tops.map((line) => line.trim().split('  ')[0]),
        ['db1', `ring_victim (${stuck})`, 'db2', `ring_victim (${healthy})`],
      );
      assert.match(tops[0] ?? '', /Linux \d/);
      assert.equal(probes(), 2);
    },
  },
  {
    name: 'the same process on two hosts is two inspections',
    run: async () => {
      await inspectOn(victim('STUCK'), 'db2');
      assert.equal((await api()).inspections().length, 3);
    },
  },
  {
    name: 'a lost host says so, keeps the picture of its processes, and comes back by itself',
    run: async () => {
      const key = await keyOn('db1');
      const before = await sampleOf(key);
      cuts.get('db1')?.();
      await eventually('the loss in the tree', async () =>
        /^db1 {2}connection lost \d s ago/m.test(await tree()),
      );
      assert.match(await tree(), / {2}ring_victim \(\d+\).* · as of \d\d:\d\d:\d\d/);
      assert.equal(await sampleOf(key), before);
      await newerSample(await api(), key, before);
      await eventually('the host as it was', async () => !/connection lost/.test(await tree()));
      assert.equal(probes(), 2);
    },
  },
  {
    name: 'a lost host that cannot be reached counts down; by hand it is tried at once',
    run: async () => {
      unreachable = true;
      cuts.get('db1')?.();
      // The first wait is of 1 s, the second of 2.
      await eventually('a wait after a try that failed', async () =>
        /^db1 {2}connection lost [1-9] s ago, trying again in 2 s$/m.test(await tree()),
      );
      const shown = await messages(async () =>
        vscode.commands.executeCommand(COMMANDS.tryAgain, { host: 'ssh:db1' }),
      );
      assert.match(shown[0] ?? '', /db1 cannot be reached\. No route\./);
      unreachable = false;
      await vscode.commands.executeCommand(COMMANDS.tryAgain, { host: 'ssh:db1' });
      assert.doesNotMatch(await tree(), /connection lost/);
    },
  },
  {
    name: 'disconnecting a host closes what is inspected there, and its probe',
    run: async () => {
      await vscode.commands.executeCommand(COMMANDS.disconnect, { host: 'ssh:db2' });
      assert.deepEqual(
        (await api()).inspections().map(({ host }) => host),
        [{ kind: 'ssh', alias: 'db1' }],
      );
      await eventually('one probe', () => probes() === 1);
    },
  },
  {
    name: 'a host that cannot be reached leaves a message and no row',
    run: async () => {
      unreachable = true;
      const shown = await inspectOn(victim('STUCK'), 'db9');
      unreachable = false;
      assert.deepEqual(shown, ['db9 cannot be reached. No route. Check its name.']);
      assert.doesNotMatch(await tree(), /db9/);
    },
  },
  {
    name: 'a password is asked hidden, remembered only on demand, used again silently and forgotten on demand',
    run: async () => {
      const password = 'correct horse battery staple';
      const asked = await asking(password, 'Remember', () => inspectOn(victim('STUCK'), 'db3'));
      assert.deepEqual(answers, [password]);
      const [input, offer] = asked;
      assert.ok(typeof input === 'object' && input.password === true && input.ignoreFocusOut === true);
      assert.match(String(offer), /^Remember the “ssh password deploy@db3:22”\?/);
      const key = await keyOn('db3');
      const before = await sampleOf(key);
      cuts.get('db3')?.();
      await newerSample(await api(), key, before);
      assert.deepEqual(answers, [password, password]);
      assert.ok(!(await tree()).includes(password));
      await asking('', '', async () => vscode.commands.executeCommand(COMMANDS.forgetSecrets));
      cuts.get('db3')?.();
      await eventually('the question that is due', async () => /needs an answer from you/.test(await tree()));
      assert.deepEqual(answers, [password, password, undefined]);
      answers = [];
      const once = await asking('another', 'Not in This Window', async () =>
        vscode.commands.executeCommand(COMMANDS.tryAgain, { host: 'ssh:db3' }),
      );
      assert.equal(once.length, 2);
      assert.deepEqual(answers, ['another']);
      assert.doesNotMatch(await tree(), /connection lost/);
      cuts.get('db3')?.();
      await eventually('nothing was remembered', async () => /needs an answer from you/.test(await tree()));
    },
  },
  {
    name: 'two hosts that ask at once are asked one after the other; a question that is over closes by itself',
    run: async () => {
      given.length = 0;
      const hungUp = new AbortController();
      // What may be remembered is looked up first, which takes as long as the editor likes: the order would be left to chance.
      const { key: _, ...unkept } = QUESTION;
      const asks = (name: string, over?: AbortSignal) => (asker: Asker) =>
        asker.secret({ ...unkept, text: `Password on ${name}`, ...(over ? { over } : {}) });
      const shown = boxes();
      const waiting: string[] = [];
      const connect = async (name: string) => {
        void vscode.commands.executeCommand(COMMANDS.attachByPid, victim('HEALTHY'), { alias: name });
        await eventually(`${name} is connected to`, () => waiting.includes(name));
      };
      const noted = (name: string, ask: (asker: Asker) => Promise<string | boolean | undefined>) =>
        questions.set(name, async (asker) => {
          const answer = ask(asker);
          waiting.push(name);
          return answer;
        });
      noted('db4', asks('db4', hungUp.signal));
      noted('db5', asks('db5'));
      noted('db6', (asker) =>
        asker.confirm({ text: 'The identity of db6 is not known.', detail: 'SHA256:abc', yes: 'Trust' }),
      );
      try {
        for (const name of ['db4', 'db5', 'db6']) await connect(name);
        assert.deepEqual([shown.open, shown.prompts], [1, ['Password on db4']]);
        hungUp.abort();
        // The editor itself has closed the first one, else the second would not be the one that is answered.
        await eventually('the second question', () => shown.prompts.length === 2 && shown.open === 1);
        shown.dismiss();
        await eventually('the question for trust', () => shown.prompts.length === 3 && shown.open === 1);
        shown.dismiss();
        await eventually('all answers', () => given.length === 3);
      } finally {
        shown.restore();
        questions.clear();
      }
      assert.deepEqual(given, ['db4: undefined', 'db5: undefined', 'db6: false']);
    },
  },
  {
    name: 'where only the system’s ssh gets there, it is offered, and the inspection goes on through it',
    run: async () => {
      const offered: string[] = [];
      const window = vscode.window as { showErrorMessage: unknown };
      const { showErrorMessage } = window;
      window.showErrorMessage = (_text: string, ...buttons: string[]) => {
        offered.push(...buttons);
        return Promise.resolve(buttons[0]);
      };
      try {
        await vscode.commands.executeCommand(COMMANDS.attachByPid, victim('STUCK'), { alias: 'db7' });
      } finally {
        window.showErrorMessage = showErrorMessage;
      }
      assert.deepEqual(offered, ['Use the System’s ssh', 'Copy Details']);
      const found = (await api()).inspections().find(({ host }) => host?.kind === 'command');
      assert.ok(found?.host?.kind === 'command');
      assert.deepEqual([found.host.label, found.host.command.at(-1)], ['ssh db7', 'db7']);
      assert.equal(found.pid, victim('STUCK'));
      await vscode.commands.executeCommand(COMMANDS.disconnect, { host: hostKey(found.host) });
    },
  },
  {
    name: 'closing the last inspection of a host keeps it connected for the next one, until it is disconnected',
    run: async () => {
      await closeAll();
      assert.match(await tree(), /^db1 {2}connected · nothing is inspected there$/m);
      assert.match(await tree(), /^db3 {2}connection lost/m);
      const before = probes();
      assert.deepEqual(await inspectOn(victim('STUCK'), 'db1'), []);
      // The probe of the test before may yet be ending.
      assert.ok(probes() <= before);
      await closeAll();
      for (const [alias] of (await tree()).matchAll(/^db\d/gm))
        await vscode.commands.executeCommand(COMMANDS.disconnect, { host: `ssh:${alias}` });
      assert.equal(await tree(), '');
      await eventually('no probe', () => probes() === 0);
    },
  },
];
