import type { DebugProtocol } from '@vscode/debugprotocol';
import { UserError } from '../model/errors';
import { printable } from '../model/printable';
import { saidOrNot } from './errors';
import { Filters, type Occurrence } from './filters';
import type { Picture } from './picture';
import { frozenBadge, frozenWords } from './sessionWords';
import type { View } from './view';

/** When the view stops, and why it stands. */
export class Stops {
  readonly filters = new Filters();
  /** Why it stands, where a filter has stopped it. */
  private occurrence: Occurrence | undefined;
  /** The client is ready for a stop. */
  private configured = false;
  /** What it sees first, once it is. */
  private entry: (() => void) | undefined;

  constructor(
    private readonly tell: (event: string, body: object) => void,
    private readonly say: (text: string) => void,
  ) {}

  configure(): void {
    this.configured = true;
    this.enter();
  }

  /** The first look of a session: frozen, or only compared with where it is to be `live`. */
  begin(view: View, live: boolean, shown: () => void): void {
    this.entry = () => {
      const saved = view.subject.kind === 'saved';
      const occurrence = saved ? undefined : this.filters.look(view.picture.sample, undefined);
      if (occurrence) this.stopFor(view, occurrence);
      else if (!live) this.stop(view, { reason: 'entry' });
      shown();
    };
    this.enter();
  }

  /** A newer look. Filters count from the first that the client was shown. */
  look(view: View, now: Picture, before: Picture): void {
    if (this.entry) return;
    const occurrence = this.filters.look(now.sample, before.sample);
    if (occurrence) this.stopFor(view, occurrence);
  }

  /** Freezes the picture and has the client show it. */
  stop(view: View, body: Partial<DebugProtocol.StoppedEvent['body']>): void {
    view.freeze();
    const { first } = view.picture;
    this.tell('stopped', {
      description: frozenBadge(view.subject.kind === 'saved'),
      ...(first ? { threadId: first.id } : {}),
      allThreadsStopped: true,
      ...body,
    });
  }

  /** The user has asked for it. */
  pause(view: View): void {
    const { sample } = view.picture;
    if (view.subject.kind === 'live') this.say(`${saidOrNot(() => frozenWords(sample))}\n`);
    this.stop(view, { reason: 'pause' });
  }

  goOn(): void {
    this.occurrence = undefined;
  }

  info(): DebugProtocol.ExceptionInfoResponse['body'] {
    if (!this.occurrence)
      throw new UserError(
        'debug-unknown',
        'No filter has stopped the view.',
        'It shows the first look, or was paused by hand.',
      );
    const { filter, what, details } = this.occurrence;
    return {
      exceptionId: filter,
      description: what,
      breakMode: 'always',
      details: { message: what, stackTrace: details.join('\n') },
    };
  }

  private enter(): void {
    if (!this.configured) return;
    const { entry } = this;
    this.entry = undefined;
    entry?.();
  }

  private stopFor(view: View, occurrence: Occurrence): void {
    this.occurrence = occurrence;
    const { what, brief, at } = occurrence;
    const thread = at && view.picture.threadOf(at);
    this.say(`Stopped the view: ${printable(what, 300)}\n`);
    this.stop(view, {
      reason: 'exception',
      description: brief,
      text: brief,
      ...(thread ? { threadId: thread.id } : {}),
    });
  }
}
