import { openSync } from 'node:fs';
import { ReadStream, WriteStream } from 'node:tty';
import { printable } from '../model/printable';
import type { Asker } from '../target/remoteHost';

/** What is asked on: the terminal itself, whatever stdin and stdout are. */
export interface Terminal {
  readonly input: Pick<ReadStream, 'setRawMode' | 'on' | 'destroy'>;
  readonly output: { write(text: string): unknown };
  /** Ctrl-C was typed. */
  interrupt(): void;
}

const LONGEST = 400;
const YES = 'yes';

/**
 * Asks on the terminal, one question at a time; where there is none every question is declined, as is one that is over.
 * Secrets are not echoed.
 */
export function terminalAsker(open: () => Terminal | undefined = controllingTerminal): Asker {
  let last: Promise<unknown> = Promise.resolve();
  const ask = (text: string, hidden: boolean, over?: AbortSignal): Promise<string | undefined> => {
    const answer = last.then(() => {
      if (over?.aborted) return undefined;
      const terminal = open();
      return terminal && answerOn(terminal, text, hidden, over);
    });
    last = answer.catch(() => undefined);
    return answer;
  };
  return {
    secret: ({ text, again, hidden, over }) =>
      ask(`${again ? 'That was wrong. ' : ''}${printable(text, LONGEST)}: `, hidden, over),
    confirm: async ({ text, detail, yes, over }) => {
      const told = [text, ...detail.split('\n')].map((line) => `${printable(line, LONGEST)}\n`).join('');
      const answer = await ask(`${told}${printable(yes, 40)}? Type "${YES}": `, false, over);
      return answer?.trim() === YES;
    },
  };
}

function controllingTerminal(): Terminal | undefined {
  try {
    const input = new ReadStream(openSync('/dev/tty', 'r'));
    const output = new WriteStream(openSync('/dev/tty', 'w'));
    return {
      input: {
        setRawMode: (mode: boolean) => input.setRawMode(mode),
        on: input.on.bind(input),
        destroy: () => {
          output.destroy();
          return input.destroy();
        },
      },
      output,
      interrupt: () => process.kill(process.pid, 'SIGINT'),
    };
  } catch {
    return undefined;
  }
}

/** What an arrow key or the like has sent so far, empty at its end: it is no part of an answer. */
function continued(sequence: string, character: string): string {
  const all = sequence + character;
  const whole = all.length === 2 ? !/[[O]/.test(character) : all.length > 2 && /[@-~]/.test(character);
  return whole || all.length > 20 ? '' : all;
}

/** One line; undefined = Ctrl-C, Ctrl-D, the end of the terminal or of the question. */
function answerOn(
  { input, output, interrupt }: Terminal,
  text: string,
  hidden: boolean,
  over: AbortSignal | undefined,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const decline = () => end(undefined);
    over?.addEventListener('abort', decline, { once: true });
    let line = '';
    let ended = false;
    const end = (answer: string | undefined) => {
      if (ended) return;
      ended = true;
      over?.removeEventListener('abort', decline);
      output.write('\n');
      input.setRawMode(false);
      input.destroy();
      resolve(answer);
    };
    let sequence = '';
    const take = (character: string) => {
      if (ended) return;
      if (sequence !== '' || character === '\u001b') sequence = continued(sequence, character);
      else if (character === '\r' || character === '\n') end(line);
      else if (character === '\u0003') {
        end(undefined);
        interrupt();
      } else if (character === '\u0004') end(line === '' ? undefined : line);
      else if (character === '\u007f' || character === '\b') {
        if (line !== '' && !hidden) output.write('\b \b');
        line = [...line].slice(0, -1).join('');
      } else if (character === '\u0015') {
        if (!hidden) output.write('\b \b'.repeat([...line].length));
        line = '';
      } else if (character >= ' ') {
        line += character;
        if (!hidden) output.write(character);
      }
    };
    // In raw mode the terminal neither echoes nor edits.
    input.setRawMode(true);
    const decoder = new TextDecoder();
    input.on('data', (chunk: Buffer) => {
      for (const character of decoder.decode(chunk, { stream: true })) take(character);
    });
    input.on('end', decline);
    input.on('error', decline);
    output.write(text);
  });
}
