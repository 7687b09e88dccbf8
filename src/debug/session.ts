import { Event } from '@vscode/debugadapter';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { programName } from '../explain/programName';
import type { InspectionProblem } from '../inspect/problem';
import { UserError } from '../model/errors';
import { printable } from '../model/printable';
import { AnsweringSession, type Call, type Handler } from './answeringSession';
import { attach } from './begin';
import { CAPABILITIES } from './capabilities';
import { type Client, readClient } from './client';
import { nothingAttached, problemSentence } from './errors';
import type { Picture, ShownFrame } from './picture';
import { References } from './references';
import type { DebugServices } from './services';
import { announcement, frozenWords } from './sessionWords';
import { Sources } from './sources';
import { stackTrace } from './stackTrace';
import type { Subject } from './subject';
import { View } from './view';

/** One debug session: a process, or a saved Sample, shown as a debugger shows a program. */
export class InspectorSession extends AnsweringSession {
  protected readonly handlers: ReadonlyMap<string, Handler>;
  private client: Client = readClient(undefined);
  private view: View | undefined;
  private sources: Sources | undefined;
  private readonly frames = new References<ShownFrame>();
  private configured = false;
  /** The first stop, which waits until the client is ready for it. */
  private entry: (() => void) | undefined;
  private beginning = false;
  private closed = false;

  constructor(private readonly services: DebugServices) {
    super();
    this.handlers = new Map<string, Handler>([
      ['initialize', (args, call) => this.initialize(args, call)],
      ['attach', (args, call) => this.attach(args, call)],
      ['configurationDone', (_, call) => this.configurationDone(call)],
      ['setBreakpoints', () => ({ breakpoints: [] })],
      ['setExceptionBreakpoints', () => ({ breakpoints: [] })],
      ['threads', () => this.threads()],
      ['stackTrace', (args) => this.stackTrace(args)],
      ['scopes', () => ({ scopes: [] })],
      ['disconnect', (_, call) => this.disconnect(call)],
    ]);
  }

  /** The end of the stream: nobody is left to show anything to. Never ends this program, which may have other sessions. */
  override shutdown(): void {
    this.close();
  }

  override dispose(): void {
    this.close();
    super.dispose();
  }

  private initialize(args: object, call: Call): DebugProtocol.Capabilities {
    this.client = readClient(args);
    call.after(() => this.tell('initialized'));
    return CAPABILITIES;
  }

  private async attach(args: object, call: Call): Promise<undefined> {
    await this.begin(call, () => attach(this.services, args, call.signal));
    return undefined;
  }

  private async begin(call: Call, make: () => Promise<Subject>): Promise<void> {
    if (this.beginning || this.view || this.closed)
      throw new UserError(
        'debug-configuration',
        'This session has its process already.',
        'A session is about one process from its beginning to its end.',
        'Start another session for another process.',
      );
    this.beginning = true;
    try {
      const subject = await make();
      if (call.signal.aborted || this.closed) {
        if (subject.kind === 'live') subject.followed.dispose();
        return;
      }
      this.open(subject, call);
    } finally {
      this.beginning = false;
    }
  }

  private open(subject: Subject, call: Call): void {
    const sample = subject.kind === 'saved' ? subject.sample : subject.followed.snapshot.sample;
    if (!sample) throw nothingAttached();
    this.sources = new Sources(this.services, this.client, subject.sourceFileMap);
    const view = new View(subject, sample, {
      changed: () => this.frames.renew(),
      completed: () => this.frames.renew(),
      troubled: () => undefined,
      ended: (problem) => this.ended(problem),
    });
    this.view = view;
    call.after(() => {
      this.tell('process', {
        name: printable(programName(sample.process), 64),
        systemProcessId: sample.process.pid,
        isLocalProcess: subject.kind === 'live' && subject.host.kind === 'local',
        startMethod: 'attach',
      });
      this.say('console', announcement(sample, subject.kind === 'saved'));
      this.entry = () => this.showStopped(view, 'entry');
      this.enter();
    });
  }

  private configurationDone(call: Call): undefined {
    this.configured = true;
    call.after(() => this.enter());
    return undefined;
  }

  private enter(): void {
    if (!this.configured) return;
    const { entry } = this;
    this.entry = undefined;
    entry?.();
  }

  /** Freezes the picture and shows it. */
  private showStopped(view: View, reason: string): void {
    view.freeze();
    const { sample, first } = view.picture;
    this.tell('stopped', {
      reason,
      description: frozenWords(sample, view.subject.kind === 'saved'),
      ...(first ? { threadId: first.id } : {}),
      allThreadsStopped: true,
    });
  }

  private threads(): DebugProtocol.ThreadsResponse['body'] {
    const threads = this.view?.picture.threads ?? [];
    return { threads: threads.map(({ id, name }) => ({ id, name })) };
  }

  private stackTrace(args: object): Promise<object> {
    return stackTrace(this.picture, args, this.frames, this.ownSources);
  }

  private disconnect(call: Call): undefined {
    call.after(() => this.close());
    return undefined;
  }

  private get picture(): Picture {
    if (!this.view) throw nothingAttached();
    return this.view.picture;
  }

  private get ownSources(): Sources {
    if (!this.sources) throw nothingAttached();
    return this.sources;
  }

  private ended(problem: InspectionProblem | undefined): void {
    if (problem) this.say('console', `${problemSentence(problem)}\n`);
    this.tell('terminated');
  }

  /** Lets go of everything; the process is left as it is. */
  private close(): void {
    if (this.closed) return;
    this.closed = true;
    this.abandonAll();
    this.view?.dispose();
    this.services.dispose();
  }

  private say(category: 'console' | 'important' | 'stdout' | 'stderr', output: string): void {
    this.tell('output', { category, output });
  }

  private tell(event: string, body?: object): void {
    if (!this.closed) this.sendEvent(new Event(event, body));
  }
}
