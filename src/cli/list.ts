import { processTable } from '../explain/processTable';
import type { OpenHost } from '../inspect/host';
import { hostName, isHere, LOCAL } from '../inspect/hostId';
import { look } from '../inspect/look';
import { printable } from '../model/printable';
import type { ProcessSummary, RankedProcess } from '../model/process';
import { listProcesses } from '../sample/listProcesses';
import type { Asker } from '../target/remoteHost';
import type { Target } from '../target/target';
import type { Asked } from './arguments';
import { Draft } from './draft';
import { EXIT, exitCode } from './exitCode';
import { inOrder, listHosts, ranked } from './hostList';
import { LayoutFiles } from './layoutCache';
import { lookAtSuspects, SUSPECTS, SUSPECTS_OF_A_CHECK, suspicious } from './suspects';
import { columns, complainLine, print, useColor } from './terminal';

/** The processes of several hosts, what is most stuck on all of them first. Resolves to the exit code. */
export async function listAll(asked: Asked, open: OpenHost, asker: Asker): Promise<number> {
  const draft = new Draft(process.stdout);
  const answers = await listHosts(asked.hosts, open, asker, {
    list: (target, signal) => listProcesses(target, { all: asked.all, signal }),
    look: (target, rows) => lookAtSome(asked, target, rows),
    listed: (found) => sketch(asked, draft, ranked(found)),
  });
  draft.clear();
  const failed = answers.filter(({ failure }) => failure !== undefined);
  for (const { host, failure = '' } of failed) complainLine(`${printable(host)}: ${failure}`);
  if (failed.length < answers.length) await printRows(asked, ranked(answers));
  const code = codeOf(asked, ranked(answers));
  return code === EXIT.ok && failed.length > 0 ? EXIT.notInspected : code;
}

/** The processes of one host. Resolves to the exit code. */
export async function listOne(asked: Asked, target: Target): Promise<number> {
  const [id = LOCAL] = asked.hosts;
  const named = (rows: readonly RankedProcess[]) =>
    isHere(id) ? inOrder(rows) : ranked([{ host: hostName(id), rows }]);
  const draft = new Draft(process.stdout);
  const listed = await listProcesses(target, { all: asked.all });
  sketch(asked, draft, named(listed));
  const rows = named(await lookAtSome(asked, target, listed));
  draft.clear();
  await printRows(asked, rows);
  return codeOf(asked, rows);
}

function lookAtSome(asked: Asked, target: Target, rows: readonly ProcessSummary[]) {
  const layouts = new LayoutFiles();
  return lookAtSuspects(rows, (pid, signal) => look(target, pid, { signal, walk: { layouts } }), {
    most: asked.failOn === undefined ? SUSPECTS : SUSPECTS_OF_A_CHECK,
  });
}

/** The list alone comes at once, what is stuck follows. */
function sketch(asked: Asked, draft: Draft, rows: readonly RankedProcess[]): void {
  if (!asked.json && suspicious(rows).length > 0)
    draft.show(`${table(asked, rows)}\nLooking at what they are stuck on…\n`);
}

async function printRows(asked: Asked, rows: readonly RankedProcess[]): Promise<void> {
  if (asked.json) await print(`${JSON.stringify(rows, null, 1)}\n`);
  else await print(`${table(asked, rows)}${rest(rows)}`);
}

function table({ verbose }: Asked, rows: readonly RankedProcess[]): string {
  return processTable(rows, { color: useColor(), width: columns(), verbose });
}

function rest(rows: readonly RankedProcess[]): string {
  const left = unlooked(rows);
  return left === 0 ? '' : `\n${left} more not looked at: inspect-io-uring PID looks at one.\n`;
}

function unlooked(rows: readonly RankedProcess[]): number {
  return suspicious(rows).filter(({ findings, failure }: RankedProcess) => !findings && failure === undefined)
    .length;
}

/** A check that could not look at all it should have has not passed. */
function codeOf({ failOn }: Asked, rows: readonly RankedProcess[]): number {
  const code = exitCode(
    failOn,
    rows.flatMap(({ findings = [] }) => findings),
  );
  if (failOn === undefined || code !== EXIT.ok) return code;
  const missed = rows.filter(({ failure }) => failure !== undefined).length + unlooked(rows);
  if (missed === 0) return EXIT.ok;
  complainLine(`${missed} of ${suspicious(rows).length} processes could not be looked into.`);
  return EXIT.notInspected;
}
