import { createHash } from 'node:crypto';
import * as vscode from 'vscode';
import type { Difference } from './markWords';
import { withinPatience } from './sourceFiles';
import type { WaitingPlace } from './waitingPlaces';

/** Milliseconds after which a file is asked again whether it has changed. */
const REMEMBERED = 5000;
/** Bytes; sources are smaller. */
const MOST_HASHED = 16 << 20;

interface Version {
  readonly at: number;
  /** Milliseconds since 1970. */
  readonly modified: number;
  readonly md5: Promise<string | undefined> | undefined;
}

/** Tells whether files that are open in the editor are what a program was compiled from. */
export class SourceVersions implements vscode.Disposable {
  private readonly versions = new Map<string, Version>();
  private readonly disposables = [
    vscode.workspace.onDidSaveTextDocument(({ uri }) => this.versions.delete(uri.toString())),
    // Not dirty: somebody else has changed it on the disk.
    vscode.workspace.onDidChangeTextDocument(({ document: { uri, isDirty } }) => {
      if (!isDirty) this.versions.delete(uri.toString());
    }),
  ];

  /** By its content, where the program says what that was; else by the times at which both were last changed. */
  async difference(
    uri: vscode.Uri,
    { md5, binaryModified }: Pick<WaitingPlace, 'md5' | 'binaryModified'>,
  ): Promise<Difference | undefined> {
    if (md5 === undefined && binaryModified === undefined) return undefined;
    const version = await this.version(uri, md5 !== undefined);
    const now = md5 === undefined ? undefined : await version?.md5;
    const newer = version !== undefined && isNewer(version.modified, binaryModified);
    if (now === undefined) return newer ? 'newer' : undefined;
    if (now === md5) return undefined;
    return newer ? 'newer' : 'other';
  }

  dispose(): void {
    for (const disposable of this.disposables) disposable.dispose();
  }

  private async version(uri: vscode.Uri, hashed: boolean): Promise<Version | undefined> {
    const key = uri.toString();
    const before = this.versions.get(key);
    const at = Date.now();
    if (before && at - before.at < REMEMBERED && (before.md5 || !hashed)) return before;
    const stat = await withinPatience(vscode.workspace.fs.stat(uri));
    if (!stat) return undefined;
    const same = before?.modified === stat.mtime ? before.md5 : undefined;
    const md5 = same ?? (hashed && stat.size <= MOST_HASHED ? hashOf(uri) : undefined);
    const version = { at, modified: stat.mtime, md5 };
    this.versions.set(key, version);
    return version;
  }
}

/** A binary's time is told in whole seconds: within one, the source was first. */
function isNewer(modified: number, binaryModified: number | undefined): boolean {
  return binaryModified !== undefined && Math.floor(modified / 1000) > Math.floor(binaryModified);
}

async function hashOf(uri: vscode.Uri): Promise<string | undefined> {
  const content = await withinPatience(vscode.workspace.fs.readFile(uri));
  return content && createHash('md5').update(content).digest('hex');
}
