import { existsSync, readdirSync, readFileSync } from 'node:fs';
import * as vscode from 'vscode';
import type { TestApi } from '../../src/extension';
import type { Inspected } from '../../src/inspect/inspections';
import type { Sample } from '../../src/model/sample';
import { COMMANDS } from '../../src/views/ids';
import { extension } from './extension';
import { eventually, Skip } from './suite';

export async function api(): Promise<TestApi> {
  return (await extension().activate()) as TestApi;
}

/** Pid of a program that test/editor/run.mjs started, by its role; a test that needs an absent one is skipped. */
export function victim(role: 'STUCK' | 'DOOMED' | 'LEAVING' | 'HEALTHY' | 'ZOMBIE' | 'TRACED'): number {
  const text = process.env[`VICTIM_${role}`] ?? '';
  if (!/^\d+$/.test(text))
    throw new Skip(text || `needs the program ${role}: start this with npm run test:vscode`);
  return Number(text);
}

/** Inspects a process and answers what stands in the tree for it. */
export async function inspect(pid: number): Promise<Inspected> {
  const shown = await messages(async () => vscode.commands.executeCommand(COMMANDS.attachByPid, pid));
  const found = (await api()).inspections().find((inspected) => inspected.pid === pid);
  if (!found) throw new Error(`process ${pid} does not stand in the tree; shown: ${shown.join(' | ')}`);
  return found;
}

/** The newest sample of an inspection. */
export async function sampleOf(key: string): Promise<Sample> {
  const found = (await api()).inspections().find((inspected) => inspected.key === key);
  if (!found?.snapshot.sample) throw new Error(`${key} has no sample`);
  return found.snapshot.sample;
}

export async function closeAll(): Promise<void> {
  for (const { key } of (await api()).inspections()) {
    await vscode.commands.executeCommand(COMMANDS.stop, { inspection: key });
  }
}

/** Keeps the messages that are shown while `work` runs; each is answered as if it had been dismissed. */
export async function messages(work: () => Promise<unknown>): Promise<readonly string[]> {
  const shown: string[] = [];
  // The tests lie inside the extension's folder, so both have the same object of the editor's API.
  const window = vscode.window as { showErrorMessage: unknown };
  const original = window.showErrorMessage;
  window.showErrorMessage = (text: string) => {
    shown.push(text);
    return Promise.resolve(undefined);
  };
  try {
    await work();
  } finally {
    window.showErrorMessage = original;
  }
  return shown;
}

/** Command lines of this process's children: the probe is one while something is inspected. */
export function children(): readonly string[] {
  return childPids().map((pid) => readText(`/proc/${pid}/cmdline`));
}

/** Pid of the probe, where there is one. */
export function probePid(): string | undefined {
  return childPids().find((pid) => /io-uring-probe/.test(readText(`/proc/${pid}/cmdline`)));
}

function childPids(): readonly string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => parentOf(pid) === process.pid);
}

function parentOf(pid: string): number {
  const text = readText(`/proc/${pid}/stat`);
  return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]);
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

export function alive(pid: number): boolean {
  return existsSync(`/proc/${pid}`);
}

/** Waits until the inspection has a sample that `known` is not. */
export function newerSample(of: TestApi, key: string, known: Sample | undefined): Promise<Sample> {
  return eventually('a newer sample', () => {
    const sample = of.inspections().find((inspected) => inspected.key === key)?.snapshot.sample;
    // One look may be shown twice: as it is, and with what its stacks tell.
    return sample?.takenAt !== known?.takenAt && sample;
  });
}
