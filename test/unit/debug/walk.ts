import type { DapClient } from './dapClient';

export interface Walked {
  threads: number;
  frames: number;
  rows: number;
  /** Every text that a client would show. */
  readonly texts: string[];
  /** Errors other than those that say in words what is not there. */
  readonly failures: string[];
}

/** Unfolds what a session shows: threads, the first frames of each, all scopes, rows so many levels deep and so many in all. */
export async function walk(client: DapClient, most = { frames: 6, levels: 4, rows: 3000 }): Promise<Walked> {
  const walked: Walked = { threads: 0, frames: 0, rows: 0, texts: [], failures: [] };
  const ask = async (command: string, args: object) => {
    const answer = await client.request(command, args);
    if (!answer.success) walked.failures.push(`${command} ${JSON.stringify(args)}: ${answer.message}`);
    return answer.success ? answer.body : {};
  };
  const unfold = async (variablesReference: number, level: number): Promise<void> => {
    if (variablesReference === 0 || level > most.levels || walked.rows > most.rows) return;
    const { variables = [] } = await ask('variables', { variablesReference });
    for (const { name, value, type, variablesReference: below } of variables) {
      walked.rows++;
      walked.texts.push(name, value, type ?? '');
      await unfold(below, level + 1);
    }
  };
  const { threads = [] } = await ask('threads', {});
  for (const { id, name } of threads) {
    walked.threads++;
    walked.texts.push(name);
    const { stackFrames = [] } = await ask('stackTrace', {
      threadId: id,
      startFrame: 0,
      levels: most.frames,
    });
    for (const frame of stackFrames) {
      walked.frames++;
      walked.texts.push(frame.name, frame.source?.name ?? '');
      const { scopes = [] } = await ask('scopes', { frameId: frame.id });
      for (const scope of scopes) {
        walked.texts.push(scope.name);
        await unfold(scope.variablesReference, 1);
      }
    }
  }
  for (const expression of ['findings', 'pending', 'process', 'blind', 'summary', 'report', 'help']) {
    const { result = '', variablesReference = 0 } = await ask('evaluate', { expression });
    walked.texts.push(...String(result).split('\n'));
    await unfold(variablesReference, 1);
  }
  walked.texts.push(...client.output.split('\n'));
  return walked;
}
