import * as vscode from 'vscode';
import { type HostId, hostFrom } from '../inspect/hostId';
import { readSourceFileMap, type SourceFileMap } from '../source/sourcePaths';
import { environmentUrls } from '../target/debuginfodUrls';
import { SECTION, SETTINGS } from './ids';

/** Seconds; a look costs the target's host something, so it never comes more often. */
const SHORTEST_INTERVAL = 0.5;
/** Seconds; what is traced costs the process time at each request. */
const LONGEST_TRACE = 3600;

/** Seconds between looks; undefined = the user refreshes by hand. */
export function refreshInterval(): number | undefined {
  const settings = vscode.workspace.getConfiguration(SECTION);
  if (!settings.get<boolean>(SETTINGS.autoRefresh, true)) return undefined;
  const seconds = Number(settings.get<unknown>(SETTINGS.refreshInterval, 2));
  return Number.isFinite(seconds) ? Math.max(SHORTEST_INTERVAL, seconds) : 2;
}

/** Seconds after which a trace stops by itself. */
export function traceSeconds(): number {
  const seconds = Number(vscode.workspace.getConfiguration(SECTION).get<unknown>(SETTINGS.traceSeconds, 60));
  return Number.isFinite(seconds) ? Math.min(LONGEST_TRACE, Math.max(1, seconds)) : 60;
}

/** Where the user keeps a probe of their own; undefined = the one that comes with the extension. */
export function probePath(): string | undefined {
  const path = vscode.workspace.getConfiguration(SECTION).get<unknown>(SETTINGS.probePath, '');
  return typeof path === 'string' && path.trim() !== '' ? path.trim() : undefined;
}

/** Whether the kernel's own memory may be read, where the rights allow it. */
export function kernelMemory(): boolean {
  return vscode.workspace.getConfiguration(SECTION).get<boolean>(SETTINGS.kernelMemory, true) !== false;
}

/** Whether other memory of processes than their rings' may be read, where the rights allow it. */
export function processMemory(): boolean {
  return vscode.workspace.getConfiguration(SECTION).get<boolean>(SETTINGS.processMemory, true) !== false;
}

/** Whether it is told where the inspected program's threads wait in its source. */
export function sourcesEnabled(): boolean {
  return vscode.workspace.getConfiguration(SECTION).get<boolean>(SETTINGS.sources, true) !== false;
}

/** The servers of debuginfod that may be asked; none unless the user has said so. */
export function debuginfodUrls(environment: NodeJS.ProcessEnv = process.env): string[] {
  const settings = vscode.workspace.getConfiguration(SECTION);
  const urls = settings.get<unknown>(SETTINGS.debuginfodUrls, []);
  const own = Array.isArray(urls) ? urls.filter((url): url is string => typeof url === 'string') : [];
  const isAllowed = settings.get<boolean>(SETTINGS.debuginfodEnvironment, false) === true;
  return [...new Set([...own, ...(isAllowed ? environmentUrls(environment) : [])])];
}

/** The hosts of the user's settings; what is none is left out. */
export function configuredHosts(): readonly HostId[] {
  const hosts = vscode.workspace.getConfiguration(SECTION).get<unknown>(SETTINGS.hosts, []);
  return Array.isArray(hosts) ? hosts.flatMap((host) => hostFrom(host) ?? []) : [];
}

/** Whether the probe stays on hosts that it was put on. */
export function keepProbe(): boolean {
  return vscode.workspace.getConfiguration(SECTION).get<boolean>(SETTINGS.keepProbe, false) === true;
}

/** A probe that is on hosts elsewhere already; undefined = it is put there. */
export function remoteProbePath(): string | undefined {
  const path = vscode.workspace.getConfiguration(SECTION).get<unknown>(SETTINGS.remoteProbePath, '');
  return typeof path === 'string' && path.trim() !== '' ? path.trim() : undefined;
}

/** Where the user says that sources lie which were compiled elsewhere. */
export function sourceFileMap(): SourceFileMap {
  const map = vscode.workspace.getConfiguration(SECTION).get<unknown>(SETTINGS.sourceFileMap, {});
  const folders = vscode.workspace.workspaceFolders ?? [];
  return readSourceFileMap(map, (variable) => {
    const [name, folder] = variable.split(/:(.*)/s);
    if (name !== 'workspaceFolder') return undefined;
    return (folder === undefined ? folders[0] : folders.find((one) => one.name === folder))?.uri.fsPath;
  });
}

/** Whether lines that something waits at are marked. */
export function marksEnabled(): boolean {
  return vscode.workspace.getConfiguration(SECTION).get<boolean>(SETTINGS.marks, true) !== false;
}

/** Whether functions in which something waits have a line above them that says so. */
export function codeLensEnabled(): boolean {
  return vscode.workspace.getConfiguration(SECTION).get<boolean>(SETTINGS.codeLens, false) === true;
}

/** Whether the process of other debug sessions is followed. */
export function followsDebuggee(): boolean {
  return vscode.workspace.getConfiguration(SECTION).get<boolean>(SETTINGS.followDebuggee, true) !== false;
}

/** A folder of this machine with the kernel's sources; undefined = there is none. */
export function kernelSource(): string | undefined {
  const path = vscode.workspace.getConfiguration(SECTION).get<unknown>(SETTINGS.kernelSource, '');
  return typeof path === 'string' && path.trim() !== '' ? path.trim() : undefined;
}

/** Template of the address of a function on the web; undefined = none is wanted. */
export function kernelLinkTemplate(): string | undefined {
  const link = vscode.workspace.getConfiguration(SECTION).get<unknown>(SETTINGS.kernelLink, '');
  return typeof link === 'string' && link.trim() !== '' ? link.trim() : undefined;
}

export function onSettingsChange(listener: () => void): vscode.Disposable {
  return vscode.workspace.onDidChangeConfiguration((event) => {
    if (event.affectsConfiguration(SECTION)) listener();
  });
}
