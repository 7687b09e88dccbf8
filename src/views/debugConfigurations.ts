import * as vscode from 'vscode';
import { type HostId, LOCAL } from '../inspect/hostId';
import { t } from '../model/l10n';
import { DEBUG_TYPE, PICK_PROCESS } from './ids';
import { sourceFileMap } from './settings';

/** What F5 does where nothing is configured, and what a new launch.json begins with. */
const ATTACH: vscode.DebugConfiguration = {
  type: DEBUG_TYPE,
  request: 'attach',
  name: t('Inspect io_uring of a Process'),
  pid: PICK_PROCESS,
};

const LAUNCH: vscode.DebugConfiguration = {
  type: DEBUG_TYPE,
  request: 'launch',
  name: t('Launch a Program and Inspect its io_uring'),
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the editor's own variable.
  program: '${workspaceFolder}/a.out',
};

const SAMPLE: vscode.DebugConfiguration = {
  type: DEBUG_TYPE,
  request: 'attach',
  name: t('Open a Saved io_uring Sample'),
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the editor's own variable.
  sample: '${file}',
};

/** What an attach configuration may say about what is inspected; one of them does. */
const SUBJECTS = ['pid', 'processName', 'sample'] as const;

/** Fills in what a configuration leaves out. */
export const configurations: vscode.DebugConfigurationProvider = {
  provideDebugConfigurations: () => [ATTACH, LAUNCH],

  /** Without a launch.json the editor asks with an empty one. */
  resolveDebugConfiguration(_folder, asked) {
    if (!asked.type && !asked.request && !asked.name) return ATTACH;
    const says = SUBJECTS.some((key) => asked[key] !== undefined && asked[key] !== '');
    return asked.request === 'attach' && !says ? { ...asked, pid: PICK_PROCESS } : asked;
  },

  /** Where sources are, the window's setting says, too. */
  resolveDebugConfigurationWithSubstitutedVariables(_folder, asked) {
    const own: unknown = asked['sourceFileMap'];
    const map = { ...sourceFileMap(), ...(typeof own === 'object' && own !== null ? own : {}) };
    return Object.keys(map).length === 0 ? asked : { ...asked, sourceFileMap: map };
  },
};

/** Offered below "Run and Debug" without a launch.json. */
export const dynamicConfigurations: vscode.DebugConfigurationProvider = {
  provideDebugConfigurations: () =>
    vscode.window.activeTextEditor?.document.languageId === 'json' ? [ATTACH, SAMPLE] : [ATTACH],
};

/** The host that a configuration of ours names; rejects where it can be none. */
export async function hostOf(configuration: unknown): Promise<HostId> {
  if (typeof configuration !== 'object' || configuration === null) return LOCAL;
  const { host, sudo } = configuration as Record<string, unknown>;
  const { readHost } = await import('../debug/configuration');
  return readHost(host, sudo);
}

/** Begins a session of ours about a process; what goes wrong with it the editor says. */
export async function debugProcess(host: HostId, pid: number): Promise<void> {
  await vscode.debug.startDebugging(undefined, {
    type: DEBUG_TYPE,
    request: 'attach',
    name: t('io_uring of process {0}', pid),
    pid,
    ...configured(host),
  });
}

/** As a configuration has a host. */
function configured({ sudo, ...host }: HostId): object {
  const way = host.kind === 'local' ? {} : { host: host.kind === 'ssh' ? host.alias : host };
  return sudo ? { ...way, sudo } : way;
}
