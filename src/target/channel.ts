import { printable } from '../model/printable';
import type { Body, Frame, Hello, Question, ReadResult } from '../probe/protocol';
import { encodeRequest, FrameDecoder } from '../probe/wire';
import type { Connection } from './connection';
import { probeFailed, probeGone } from './probeErrors';

/** Milliseconds of silence, beyond what a hung read explains, after which the probe itself counts as hung. */
const SILENCE = 5000;

/** Characters of the probe's last words. */
const MOST_WORDS = 400;

/** Items of a question's first request; each further one takes twice as many. */
const FIRST_BATCH = 64;

interface Pending {
  readonly answers: ReadResult[];
  readonly expected: number;
  /** Requests it was split into which are not done. */
  requests: number;
  readonly deadline: number;
  readonly resolve: (answers: ReadResult[]) => void;
  readonly reject: (error: Error) => void;
}

interface Greeting {
  readonly resolve: (hello: Hello) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Questions and answers over one connection: any number under way at a time, told apart by their ids.
 * Once the probe is gone, has spoken nonsense or kept silent too long, every question is rejected with a
 * `probe-gone` UserError, those under way and those to come.
 */
export class Channel {
  private readonly decoder = new FrameDecoder();
  private readonly pending = new Map<number, Pending>();
  private nextId = 1;
  private hello: Hello | undefined;
  private waiting: Greeting | undefined;
  private gone: Error | undefined;
  private watchdog: NodeJS.Timeout | undefined;
  private warned = false;
  private corked = false;
  /** Milliseconds of processor time the probe had taken when it last said so; 0 where it never does. */
  processor = 0;

  constructor(private readonly connection: Connection) {
    connection.output.on('data', (chunk: Buffer) => this.receive(chunk));
    connection.output.on('error', (error: Error) => this.fail(error.message));
    // A write to a probe that has ended; `ended` says why.
    connection.input.on('error', () => undefined);
    connection.ended.then(
      (why) => this.fail(why),
      (error: unknown) => this.fail(String(error)),
    );
  }

  /** The probe's first frame. Rejects with a `probe-failed` UserError. */
  greeting(patience: number): Promise<Hello> {
    return new Promise((resolve, reject) => {
      if (this.hello || this.gone) {
        if (this.hello) resolve(this.hello);
        else reject(this.gone);
        return;
      }
      const timer = setTimeout(() => this.fail(`It said nothing for ${patience / 1000} s.`), patience);
      this.waiting = {
        resolve: (hello) => {
          clearTimeout(timer);
          resolve(hello);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      };
    });
  }

  /** One answer for each body, in their order; as many requests as their size needs. */
  ask(question: Question, bodies: readonly Body[]): Promise<ReadResult[]> {
    return new Promise((resolve, reject) => {
      if (this.gone) {
        reject(this.gone);
        return;
      }
      const { deadline } = question;
      const pending = { answers: [], expected: bodies.length, deadline, requests: 0, resolve, reject };
      if (bodies.length === 0) resolve([]);
      // The probe begins with the first request while the rest are still being written.
      let most = FIRST_BATCH;
      for (let from = 0; from < bodies.length; most *= 2) {
        const id = this.nextId;
        this.nextId = (this.nextId % 0xffffffff) + 1;
        const { frame, count } = encodeRequest(id, question, bodies, from, most);
        from += count;
        pending.requests++;
        this.pending.set(id, pending);
        this.send(frame);
      }
      if (!this.watchdog) this.watch();
    });
  }

  /** What is asked in one turn goes out in one write: each wakes the probe. */
  private send(frame: Buffer): void {
    const { input } = this.connection;
    if (!this.corked) {
      this.corked = true;
      input.cork();
      queueMicrotask(() => {
        this.corked = false;
        input.uncork();
      });
    }
    input.write(frame);
  }

  close(): void {
    this.fail('It was closed.');
  }

  private receive(chunk: Buffer): void {
    if (this.gone) return;
    try {
      for (const frame of this.decoder.push(chunk)) this.handle(frame);
    } catch (error) {
      this.fail(error instanceof Error ? error.message : String(error));
    }
    if (!this.gone) this.watch();
  }

  private handle(frame: Frame): void {
    switch (frame.kind) {
      case 'hello':
        this.hello = frame;
        this.waiting?.resolve(frame);
        this.waiting = undefined;
        break;
      case 'fatal':
        // A host elsewhere may say what it likes.
        this.fail(printable(frame.text, MOST_WORDS));
        break;
      case 'answers':
        this.take(frame.id, frame.answers);
        break;
      case 'done':
        this.processor = frame.processor ?? this.processor;
        this.finish(frame.id);
        break;
    }
  }

  private take(id: number, answers: readonly ReadResult[]): void {
    const question = this.questionOf(id);
    for (const answer of answers) question?.answers.push(answer);
  }

  private finish(id: number): void {
    const question = this.questionOf(id);
    if (!question) return;
    this.pending.delete(id);
    question.requests--;
    if (question.requests > 0) return;
    if (question.answers.length === question.expected) {
      question.resolve(question.answers);
    } else {
      const why = 'It left questions unanswered.';
      question.reject(probeGone(why));
      this.fail(why);
    }
  }

  private questionOf(id: number): Pending | undefined {
    const question = this.pending.get(id);
    if (!question) this.fail('It answered what was not asked.');
    return question;
  }

  private fail(why: string): void {
    if (this.gone) return;
    this.gone = this.hello ? probeGone(why) : probeFailed(why);
    clearTimeout(this.watchdog);
    this.waiting?.reject(this.gone);
    this.waiting = undefined;
    for (const question of this.pending.values()) question.reject(this.gone);
    this.pending.clear();
    this.connection.close();
  }

  /** Starts the wait for the next sign of life anew. */
  private watch(): void {
    clearTimeout(this.watchdog);
    this.watchdog = undefined;
    this.warned = false;
    if (this.pending.size === 0) return;
    let deadline = 0;
    for (const question of this.pending.values()) deadline = Math.max(deadline, question.deadline);
    // A reader that is starved of processor time gets four deadlines.
    this.watchdog = setTimeout(() => this.onSilence(), SILENCE + 5 * deadline);
  }

  private onSilence(): void {
    if (this.warned) {
      this.fail('It has stopped answering.');
      return;
    }
    // This program may itself have been stopped or busy: what has arrived meanwhile is read first.
    this.warned = true;
    this.watchdog = setTimeout(() => this.onSilence(), 1000);
  }
}
