import { access } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import * as vscode from 'vscode';
import { type HostId, isHere } from '../inspect/hostId';
import type { Inspected, Inspections } from '../inspect/inspections';
import type { KernelLines } from '../inspect/kernelLines';
import { t } from '../model/l10n';
import type { KernelTree } from '../target/kernelTree';
import { withoutIcons } from './escape';
import { COMMANDS, SECTION, SETTINGS } from './ids';
import type { KernelIndexes } from './kernelIndexes';
import { linkWords, missingWords, otherVersionWords } from './kernelWords';
import { attempt } from './messages';
import type { KernelFrameRow, Node } from './node';
import { Row } from './rows';
import { kernelLinkTemplate, kernelSource } from './settings';
import type { InspectionTree } from './tree';
import { shown } from './words';

const BROWSE = t('Open in Browser');
const CHOOSE = t('Choose Folder…');

interface Place {
  readonly label: string;
  readonly file: string;
  readonly line: number;
  readonly column?: number;
}

/** A view that has frames of kernel stacks, and what it shows. */
export interface FrameView {
  readonly inspections: Pick<Inspections, 'get'>;
  readonly tree: Pick<InspectionTree, 'inspectionOf' | 'selected'>;
}

/** What debug symbols tell. */
interface Exact {
  /** Innermost first; only what is a file here. */
  readonly places: readonly Place[];
  /** The frame's own line, wherever its file is. */
  readonly told?: string;
  /** Why those that are installed are no use. */
  readonly unfit?: string;
}

/** Goes from a frame of a kernel stack to its source: exact where debug symbols are, else by a local tree, else on the web. */
export class KernelSource {
  private browses = false;
  private readonly warned = new Set<string>();

  constructor(
    /** The views whose rows lead here; one of a process in several of them is on the same host in each. */
    private readonly views: readonly FrameView[],
    private readonly lines: KernelLines,
    private readonly indexes: () => Promise<KernelIndexes>,
  ) {}

  register(): vscode.Disposable {
    return vscode.commands.registerCommand(COMMANDS.goToKernelSource, (from?: unknown) =>
      attempt(t('The kernel’s source could not be opened.'), async () => {
        const node = from instanceof Row ? from.node : ((from ?? this.selected) as Node | undefined);
        const row = node?.kernelFrame;
        if (!node || typeof row?.frame?.function !== 'string') return;
        const inspected = this.inspectedOf(node);
        await this.go(row, inspected?.savedAs === undefined ? inspected?.host : undefined);
      }),
    );
  }

  /** What a key bound to the command is about. */
  private get selected(): Node | undefined {
    return this.views.map(({ tree }) => tree.selected).find((node) => node?.kernelFrame !== undefined);
  }

  private inspectedOf(node: Node): Inspected | undefined {
    for (const { inspections, tree } of this.views) {
      const key = tree.inspectionOf(node);
      if (key !== undefined) return inspections.get(key);
    }
    return undefined;
  }

  /** `on` = where the kernel runs, whose debug symbols are asked; absent of a saved Sample. */
  async go(row: KernelFrameRow, on: HostId | undefined): Promise<void> {
    const sources = await this.sources();
    const exact = await this.exact(row, on, sources);
    if (exact.places.length > 0) {
      await this.pick(row, exact.places);
      return;
    }
    const found = sources ? await this.fromTree(row, sources) : [];
    if (found.length === 0) return this.elsewhere(row, sources, exact);
    if (await this.pick(row, found)) await this.warn(row, sources);
  }

  /** The tree of the settings; rejects where that is none. */
  private async sources(): Promise<KernelTree | undefined> {
    const path = kernelSource();
    if (path === undefined) return undefined;
    const { openKernelTree } = await import('../target/kernelTree');
    const tree = isAbsolute(path) ? await openKernelTree(path) : undefined;
    if (tree) return tree;
    const { unusable } = await import('./kernelIndexes');
    throw unusable(
      shown(path),
      isAbsolute(path) ? t('It has no MAINTAINERS and Makefile.') : t('It is no absolute path.'),
      t('Choose the top folder of a kernel.'),
    );
  }

  private async exact(
    { frame, host }: KernelFrameRow,
    on: HostId | undefined,
    sources: KernelTree | undefined,
  ): Promise<Exact> {
    if (!on) return { places: [] };
    const located = await this.lines.locate(on, frame, host.kernel);
    const frames = (located?.chains ?? []).flat();
    const places: Place[] = [];
    for (const { function: name = frame.function, file, line, column } of frames) {
      if (file === undefined || line === undefined) continue;
      const here = await localFile(file, sources?.path, isHere(on));
      if (here !== undefined)
        places.push({ label: name, file: here, line, ...(column === undefined ? {} : { column }) });
    }
    const own = frames.findLast(({ line }) => line !== undefined);
    const unfit = located && !located.chains && located.otherBuild ? located.why : undefined;
    return {
      places,
      ...(own ? { told: `${own.file}:${own.line}` } : {}),
      ...(unfit === undefined ? {} : { unfit }),
    };
  }

  private async fromTree(
    { frame, stack, host }: KernelFrameRow,
    sources: KernelTree,
  ): Promise<readonly Place[]> {
    const { choosePlace } = await import('../source/kernelChoice');
    const index = await (await this.indexes()).of(sources);
    const { fitting } = choosePlace(index, { frame, stack, arch: host.arch });
    return fitting.map(({ file, line }) => ({ label: frame.function, file: join(sources.path, file), line }));
  }

  /** Opens the only place, or the one the user picks; false where they pick none. */
  private async pick({ frame }: KernelFrameRow, places: readonly Place[]): Promise<boolean> {
    const items = places.map((place) => ({
      label: withoutIcons(shown(place.label)),
      description: withoutIcons(shown(`${place.file}:${place.line}`)),
      place,
    }));
    const placeHolder = t('Which {0}?', withoutIcons(shown(frame.function, 64)));
    const only = items.length === 1 ? items[0] : undefined;
    const picked =
      only ?? (await vscode.window.showQuickPick(items, { placeHolder, matchOnDescription: true }));
    if (!picked) return false;
    const { file, line, column = 1 } = picked.place;
    const at = new vscode.Position(line - 1, column - 1);
    await vscode.window.showTextDocument(vscode.Uri.file(file), { selection: new vscode.Range(at, at) });
    return true;
  }

  /** On the web, once the user has said so. */
  private async elsewhere(
    row: KernelFrameRow,
    sources: KernelTree | undefined,
    { told, unfit }: Exact,
  ): Promise<void> {
    const { frame, host } = row;
    const { kernelVersion } = await import('../source/kernelVersion');
    const { kernelLink } = await import('../source/kernelLink');
    const version = kernelVersion(host);
    const template = kernelLinkTemplate();
    const link = version && template ? kernelLink(template, version.tag, frame.function) : undefined;
    if (link !== undefined && this.browses) {
      await browse(link);
      return;
    }
    const words = [missingWords(frame.function, sources?.path, told)];
    if (unfit !== undefined) words.push(t('No exact line: {0}.', shown(unfit)));
    if (version && link !== undefined) words.push(linkWords(host, version));
    const buttons = [...(link === undefined ? [] : [BROWSE]), CHOOSE];
    const chosen = await vscode.window.showInformationMessage(words.join(' '), ...buttons);
    if (chosen === BROWSE && link !== undefined) {
      this.browses = true;
      await browse(link);
    } else if (chosen === CHOOSE && (await chooseFolder())) await this.go(row, undefined);
  }

  /** Once for each kernel that the tree is not of. */
  private async warn({ host }: KernelFrameRow, sources: KernelTree | undefined): Promise<void> {
    if (!sources) return;
    const { kernelVersion, treeVersion } = await import('../source/kernelVersion');
    const words = otherVersionWords(host, kernelVersion(host), treeVersion(sources.makefile));
    if (words === undefined || this.warned.has(words)) return;
    this.warned.add(words);
    void vscode.window.showWarningMessage(words);
  }
}

/** A compiler's path as a file of this machine: of the tree, or where the kernel was built here. */
async function localFile(file: string, tree: string | undefined, here: boolean): Promise<string | undefined> {
  const { findInTree } = await import('../target/kernelTree');
  const inside = tree === undefined ? undefined : await findInTree(tree, file);
  if (tree !== undefined && inside !== undefined) return join(tree, inside);
  if (!here || !isAbsolute(file)) return undefined;
  return access(file).then(
    () => file,
    () => undefined,
  );
}

/** The template is the user's own, so what it makes is opened as it is; nothing but the web can come of it. */
async function browse(link: string): Promise<void> {
  await vscode.env.openExternal(vscode.Uri.parse(link, true));
}

async function chooseFolder(): Promise<boolean> {
  const [folder] =
    (await vscode.window.showOpenDialog({
      title: t('Sources of the Kernel'),
      canSelectFolders: true,
      canSelectFiles: false,
    })) ?? [];
  if (!folder) return false;
  const settings = vscode.workspace.getConfiguration(SECTION);
  await settings.update(SETTINGS.kernelSource, folder.fsPath, vscode.ConfigurationTarget.Global);
  return true;
}
