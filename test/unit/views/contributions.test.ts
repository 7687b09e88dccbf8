import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import packed from '../../../package.json';
import { readAttaching, readLaunching } from '../../../src/debug/configuration';
import {
  COLORS,
  COMMANDS,
  CONTEXTS,
  DEBUG_TYPE,
  DEBUGGEE_VIEW,
  FOCUS_VIEW,
  HOST_CONTEXT,
  KERNEL_FRAME_CONTEXT,
  PICK_PROCESS,
  ROOT_CONTEXT,
  SECTION,
  SETTINGS,
  SOURCE_CONTEXT,
  STACK_CONTEXT,
  TRACED_CONTEXT,
  TRACING_CONTEXT,
  UNLISTED_CONTEXT,
  VIEW,
  VIEW_CONTAINER,
} from '../../../src/views/ids';
import { inWords } from '../words';

const root = join(import.meta.dirname, '../../..');
const folder = join(root, 'src/views');
const source = readdirSync(folder)
  .filter((name) => name.endsWith('.ts') && name !== 'ids.ts')
  .map((name) => readFileSync(join(folder, name), 'utf8'))
  .join('\n');
/** As an editor in English has it. */
const manifest = inWords(packed);
const { contributes } = manifest;
const contributed = contributes.commands.map(({ command }) => command).sort();
const menus: readonly { command: string; when?: string; group?: string }[] = Object.values(
  contributes.menus,
).flat();

describe('package.json and the code agree', () => {
  it('on the commands', () => {
    const registered = [...source.matchAll(/\b(?:registerCommand|about)\(\s*COMMANDS\.(\w+)/g)].map(
      ([, name]) => COMMANDS[name as keyof typeof COMMANDS],
    );
    expect([...registered].sort()).toEqual(contributed);
    expect(Object.values(COMMANDS).sort()).toEqual(contributed);
  });

  it('on the settings', () => {
    const read = [...source.matchAll(/\.get(?:<\w+>)?\(SETTINGS\.(\w+)/g)].map(
      ([, name]) => `${SECTION}.${SETTINGS[name as keyof typeof SETTINGS]}`,
    );
    const declared = contributes.configuration.flatMap(({ properties }) => Object.keys(properties)).sort();
    expect([...new Set(read)].sort()).toEqual(declared);
    expect(
      Object.values(SETTINGS)
        .map((name) => `${SECTION}.${name}`)
        .sort(),
    ).toEqual(declared);
  });

  it('on what the settings are grouped by, each in its place', () => {
    const groups: readonly { order: number; properties: Record<string, { order?: number }> }[] =
      contributes.configuration;
    expect(groups.map(({ order }) => order)).toEqual(groups.map((_, index) => index + 1));
    for (const { properties } of groups) {
      const orders = Object.values(properties).map(({ order }) => order);
      expect(orders).toEqual(orders.map((_, index) => index + 1));
    }
  });

  it('on the steps of the walkthrough: their commands, views and pictures in the colours of the theme', () => {
    const [walkthrough] = contributes.walkthroughs;
    expect(walkthrough?.steps.map(({ id }) => id)).toEqual([
      'inspect',
      'answer',
      'rights',
      'remote',
      'debug',
    ]);
    for (const { description, completionEvents, media } of walkthrough?.steps ?? []) {
      const links = [...description.matchAll(/\(command:([\w.]+)/g)].flatMap(([, command]) => command ?? []);
      const events = completionEvents.flatMap((event) => /^onCommand:(.*)/.exec(event)?.[1] ?? []);
      expect(links.length).toBeGreaterThan(0);
      for (const command of [...links, ...events].filter((name) => name.startsWith(SECTION)))
        expect([...contributed, FOCUS_VIEW]).toContain(command);
      expect(completionEvents.join(' ')).toMatch(
        /^(?:on(?:Command|View|Context):[^ ]+(?: == '\w+')?(?: |$))+$/,
      );
      const picture = readFileSync(join(root, media.svg), 'utf8');
      for (const [, colour] of picture.matchAll(/(?:fill|stroke): ([^;"]+)/g))
        expect(colour).toMatch(/^(?:none|var\(--vscode-[\w-]+, #[0-9a-f]{6}\))$/);
      expect(picture).not.toMatch(/(?:fill|stroke)="/);
    }
  });

  it('on the debug type, its variable, and what a configuration can say', () => {
    const [debuggers] = contributes.debuggers;
    expect(contributes.debuggers.map(({ type }) => type)).toEqual([DEBUG_TYPE]);
    expect(debuggers?.variables).toEqual({ pickProcess: COMMANDS.pickProcess });
    expect(PICK_PROCESS).toBe(`\${command:${Object.keys(debuggers?.variables ?? {})[0]}}`);
    const { attach, launch } = debuggers?.configurationAttributes ?? {};
    const required = { type: DEBUG_TYPE, name: 'a name', pid: undefined };
    const values = { pid: 7, processName: 'a', sample: '/s', host: 'db1', sudo: true, interval: 3 };
    for (const [key, value] of Object.entries(values)) {
      expect(Object.keys(attach?.properties ?? {})).toContain(key);
      const subject = ['pid', 'processName', 'sample'].includes(key) ? {} : { pid: 7 };
      expect(() => readAttaching({ ...required, ...subject, [key]: value })).not.toThrow();
      const told = JSON.stringify(readAttaching({ ...required, ...subject, [key]: value }));
      expect(told).toContain(JSON.stringify(value));
    }
    const program = { program: '/p', args: ['a'], cwd: '/c', env: { A: 'b', C: null } };
    expect(Object.keys(launch?.properties ?? {})).toEqual([
      ...Object.keys(program),
      'console',
      'interval',
      'sourceFileMap',
    ]);
    expect(readLaunching({ ...required, ...program }).program).toEqual(program);
    for (const console of launch?.properties.console.enum ?? [])
      expect(readLaunching({ ...required, ...program, console }).console).toBe(console);
    expect(Object.keys(attach?.properties ?? {}).sort()).toEqual(
      [...Object.keys(values), 'sourceFileMap'].sort(),
    );
  });

  it('on the colours, each with one for every kind of theme', () => {
    expect(contributes.colors.map(({ id }) => id)).toEqual(Object.values(COLORS));
    for (const { defaults } of contributes.colors)
      expect(Object.keys(defaults).sort()).toEqual(['dark', 'highContrast', 'highContrastLight', 'light']);
  });

  it('on the rows that lead to the source', () => {
    const rows = menus.flatMap(({ when }) => when?.match(/viewItem == (\w+)/)?.[1] ?? []);
    expect([...new Set(rows)].sort()).toEqual(
      [
        KERNEL_FRAME_CONTEXT,
        SOURCE_CONTEXT,
        STACK_CONTEXT,
        TRACED_CONTEXT,
        TRACING_CONTEXT,
        UNLISTED_CONTEXT,
      ].sort(),
    );
  });

  it('on the view and its container', () => {
    expect(contributes.viewsContainers.activitybar.map(({ id }) => id)).toEqual([VIEW_CONTAINER]);
    expect(Object.keys(contributes.views)).toEqual([VIEW_CONTAINER, 'debug']);
    expect(contributes.views.debug.map(({ id }) => id)).toEqual([DEBUGGEE_VIEW]);
    expect(contributes.views.ioUringInspector.map(({ id }) => id)).toEqual([VIEW]);
    expect(contributes.viewsWelcome.map(({ view }) => view)).toEqual([VIEW]);
  });

  it('on the contexts of menus', () => {
    const clauses = [
      ...menus.map(({ when }) => when),
      ...contributes.views.debug.map(({ when }) => when),
      ...contributes.commands.map((command) => ('enablement' in command ? command.enablement : undefined)),
    ];
    const used = clauses
      .flatMap((when) => when?.match(/ioUringInspector\.\w+/g) ?? [])
      .filter((name) => name !== VIEW);
    const told = [...source.matchAll(/(?:tell\(|'setContext', )CONTEXTS\.(\w+)/g)].map(
      ([, name]) => CONTEXTS[name as keyof typeof CONTEXTS],
    );
    expect([...new Set(used)].sort()).toEqual([...told].sort());
    expect(Object.values(CONTEXTS).sort()).toEqual([...told].sort());
    const rows = clauses.flatMap((when) => when?.match(/viewItem =~ \/\^(\w+)/)?.[1] ?? []);
    expect([...new Set(rows)]).toEqual([ROOT_CONTEXT, HOST_CONTEXT]);
  });
});

describe('package.json', () => {
  it('names only commands that exist, in menus and in the welcome text', () => {
    const welcome = contributes.viewsWelcome.flatMap(({ contents }) =>
      [...contents.matchAll(/\(command:([\w.]+)\)/g)].map(([, command]) => command),
    );
    expect(welcome.length).toBeGreaterThan(0);
    for (const command of [...menus.map((menu) => menu.command), ...welcome])
      expect(contributed).toContain(command);
    expect(FOCUS_VIEW).toBe(`${VIEW}.focus`);
  });

  it('gives every command that stands as a button an icon', () => {
    const buttons = menus.filter(({ group }) => /^(inline|navigation)/.test(group ?? ''));
    const icons = new Set(
      contributes.commands.filter((command) => 'icon' in command).map(({ command }) => command),
    );
    for (const { command } of buttons) expect(icons).toContain(command);
  });

  it('starts the extension with its commands and its view, and before a debug session, whose process it may follow', () => {
    expect(manifest.activationEvents).toEqual(['onDebug', `onDebugDynamicConfigurations:${DEBUG_TYPE}`]);
  });

  it.each([
    'probePath',
    'remoteProbePath',
    'keepProbe',
    'hosts',
    'kernelLink',
    'debuginfod.urls',
    'debuginfod.useEnvironment',
  ] as const)('never takes from a workspace what is run, or where: %s', (name) => {
    const settings = contributes.configuration.flatMap(({ properties }) => Object.entries(properties));
    expect(settings.find(([key]) => key === `ioUringInspector.${name}`)?.[1]?.scope).toBe('machine');
    expect(manifest.capabilities.untrustedWorkspaces.restrictedConfigurations).toContain(
      `ioUringInspector.${name}`,
    );
  });

  it('comes with an icon of each mark for dark and light themes', () => {
    for (const level of Object.keys(COLORS))
      for (const theme of ['dark', 'light'])
        expect(existsSync(join(root, 'media/marks', `${level}-${theme}.svg`))).toBe(true);
  });

  it('names pictures that exist, and an icon of 128 × 128', () => {
    for (const { icon } of contributes.viewsContainers.activitybar)
      expect(existsSync(join(root, icon))).toBe(true);
    const png = readFileSync(join(root, manifest.icon));
    expect(png.subarray(1, 4).toString()).toBe('PNG');
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([128, 128]);
  });
});
