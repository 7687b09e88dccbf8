import { Event } from '@vscode/debugadapter';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { programName } from '../explain/programName';
import { type InspectionProblem, problemOf } from '../inspect/problem';
import { UserError } from '../model/errors';
import { printable } from '../model/printable';
import { AnsweringSession, type Arguments, type Call, type Handler } from './answeringSession';
import { attach } from './begin';
import { CAPABILITIES } from './capabilities';
import { type Client, readClient } from './client';
import { nothingAttached, problemSentence } from './errors';
import { findingChanges } from './findingChanges';
import { endWords, exitCode, launch } from './launch';
import type { Picture } from './picture';
import { Progress } from './progress';
import { Queries } from './queries';
import { REFUSALS } from './refusals';
import type { DebugServices } from './services';
import { announcement, findingLine, mannersWords } from './sessionWords';
import { Settled } from './settled';
import { Stops } from './stops';
import type { Subject } from './subject';
import { threadChanges } from './threadChanges';
import { View } from './view';

/** Milliseconds that a client may take to open a terminal. */
const TERMINAL = 60_000;

/** Asked by the client itself, or answered where the user has asked: no message is to be shown beside. */
const QUIET = new Set([
  'threads',
  'stackTrace',
  'scopes',
  'variables',
  'evaluate',
  'completions',
  'exceptionInfo',
]);

/**
 * One debug session: a process, or a saved Sample, shown as a debugger shows a program. What is attached to is shown at once: the
 * first look stands frozen, because clients ask for the stacks of stopped threads alone. A launched program has just begun, so it
 * is followed live.
 */
export class InspectorSession extends AnsweringSession {
  protected readonly handlers: ReadonlyMap<string, Handler>;
  private client: Client = readClient(undefined);
  private view: View | undefined;
  private queries: Queries | undefined;
  private readonly stops = new Stops(
    (event, body) => this.tell(event, body),
    (text) => this.say('console', text),
  );
  private readonly progress = new Progress((event, body) => this.tell(event, body));
  private readonly settled = new Settled();
  private beginning = false;
  private over = false;
  private closed = false;

  constructor(private readonly services: DebugServices) {
    super();
    const asked = (answer: (queries: Queries, args: Arguments, call: Call) => object | Promise<object>) => {
      return (args: Arguments, call: Call) => {
        if (!this.queries) throw nothingAttached();
        return answer(this.queries, args, call);
      };
    };
    this.handlers = new Map<string, Handler>([
      ['initialize', (args, call) => this.initialize(args, call)],
      ['attach', (args, call) => this.attach(args, call)],
      ['launch', (args, call) => this.launch(args, call)],
      ['configurationDone', (_, call) => this.configurationDone(call)],
      ['setExceptionBreakpoints', (args) => ({ breakpoints: this.stops.filters.set(args) })],
      ['threads', () => this.queries?.threads() ?? { threads: [] }],
      ['stackTrace', asked((queries, args) => queries.stackTrace(args))],
      ['source', asked((queries, args) => queries.source(args))],
      ['scopes', asked((queries, args) => queries.scopes(args))],
      ['variables', asked((queries, args) => queries.variables(args))],
      ['evaluate', asked((queries, args) => queries.evaluate(args))],
      ['completions', (args) => this.queries?.completions(args) ?? { targets: [] }],
      ['readMemory', asked((queries, args, { signal }) => queries.readMemory(args, signal))],
      ['ioUring/kernelFrame', asked((queries, args) => queries.kernelFrame(args))],
      ['exceptionInfo', () => this.stops.info()],
      ['pause', (_, call) => this.pause(call)],
      ['continue', (_, call) => this.continue(call)],
      ['cancel', (args) => this.cancel(args)],
      ['terminate', (_, call) => this.terminate(call)],
      ['disconnect', (args, call) => this.disconnect(args, call)],
      ...REFUSALS,
    ]);
  }

  protected override heard(): void {
    this.settled.heard();
  }

  protected override isQuiet(command: string): boolean {
    return QUIET.has(command);
  }

  protected override failed(error: unknown): void {
    this.say('important', `${problemSentence(problemOf(error, 'The debug adapter has failed.'))}\n`);
  }

  /** The end of the stream: nobody is left to show anything to. Never ends this program, which may have other sessions. */
  override shutdown(): void {
    this.close();
  }

  override dispose(): void {
    this.close();
    super.dispose();
  }

  private initialize(args: Arguments, call: Call): DebugProtocol.Capabilities {
    this.client = readClient(args);
    call.after(() => this.tell('initialized'));
    return CAPABILITIES;
  }

  private async attach(args: Arguments, call: Call): Promise<undefined> {
    await this.begin(call, 'Attaching', (progress) => attach(this.services, args, call.signal, progress));
  }

  private async launch(args: Arguments, call: Call): Promise<undefined> {
    await this.begin(call, 'Launching', (progress) =>
      launch(
        {
          services: this.services,
          signal: call.signal,
          output: (category, text) => this.say(category, text),
          progress,
          ...(this.client.terminals ? { runInTerminal: (asked) => this.runInTerminal(asked) } : {}),
        },
        args,
      ),
    );
  }

  private runInTerminal(
    args: DebugProtocol.RunInTerminalRequestArguments,
  ): Promise<DebugProtocol.RunInTerminalResponse> {
    return new Promise((resolve) => this.runInTerminalRequest(args, TERMINAL, resolve));
  }

  private async begin(
    call: Call,
    title: string,
    make: (progress: (message: string) => void) => Promise<Subject>,
  ): Promise<void> {
    if (this.beginning || this.view || this.closed)
      throw new UserError(
        'debug-configuration',
        'This session has its process already.',
        'A session is about one process from its beginning to its end.',
        'Start another session for another process.',
      );
    this.beginning = true;
    const progress = this.client.progress ? this.progress.begin(call.seq, title) : undefined;
    call.signal.addEventListener('abort', () => progress?.end(), { once: true });
    try {
      const subject = await make((message) => progress?.update(message));
      if (call.signal.aborted || this.closed) release(subject);
      else this.open(subject, call);
    } finally {
      progress?.end();
      this.beginning = false;
    }
  }

  private open(subject: Subject, call: Call): void {
    const sample = subject.kind === 'saved' ? subject.sample : subject.followed.snapshot.sample;
    if (!sample) throw nothingAttached();
    const view = new View(subject, sample, {
      changed: (now, before) => this.changed(now, before),
      completed: () => this.completed(),
      troubled: (problem) => this.troubled(problem),
      ended: (problem) => this.ended(problem),
    });
    this.view = view;
    this.queries = new Queries(view, this.services, this.client);
    const started = subject.kind === 'live' ? subject.started : undefined;
    call.after(() => {
      this.tell('process', {
        name: printable(programName(sample.process), 64),
        systemProcessId: sample.process.pid,
        isLocalProcess: subject.kind === 'live' && subject.host.kind === 'local',
        startMethod: started ? 'launch' : 'attach',
      });
    });
    call.after(() =>
      this.say('console', announcement(sample) + mannersWords(sample, subject.kind === 'saved')),
    );
    call.after(() => {
      started?.ended?.then(
        (how) => this.exited(how),
        () => this.finish(),
      );
      this.stops.begin(view, started !== undefined, () => {
        if (!view.frozen) this.tellThreads(view.picture.threads, []);
      });
    });
  }

  private configurationDone(call: Call): undefined {
    call.after(() => {
      if (!this.over) this.stops.configure();
    });
  }

  private pause(call: Call): undefined {
    const view = this.livingView();
    call.after(() => this.stops.pause(view));
  }

  private continue(call: Call): DebugProtocol.ContinueResponse['body'] {
    const view = this.livingView();
    if (view.subject.kind === 'saved')
      throw new UserError(
        'debug-saved',
        'A saved Sample does not go on.',
        'It is one look at a process, as it was then.',
        'Attach to the process itself while it runs.',
      );
    this.stops.goOn();
    call.after(() => view.thaw());
    return { allThreadsContinued: true };
  }

  private cancel({ requestId, progressId }: Arguments): undefined {
    this.abandon(requestId);
    this.abandon(this.progress.requestOf(progressId));
  }

  /** Ends a program that the session has started, and no other. */
  private terminate(call: Call): undefined {
    const subject = this.view?.subject;
    const started = subject?.kind === 'live' ? subject.started : undefined;
    call.after(() => {
      started?.end();
      if (started?.ended !== undefined) return;
      if (subject?.kind === 'live' && !started)
        this.say('console', 'The process goes on: only what a session has started it ends.\n');
      this.finish();
    });
  }

  private disconnect({ terminateDebuggee }: Arguments, call: Call): undefined {
    const subject = this.view?.subject;
    if (terminateDebuggee === true && subject?.kind === 'live') subject.started?.end();
    call.after(() => this.close());
  }

  private livingView(): View {
    if (!this.view || this.over) throw nothingAttached();
    return this.view;
  }

  private changed(now: Picture, before: Picture): void {
    this.queries?.renew();
    this.tellThreads(now.threads, before.threads);
    const { come, gone } = findingChanges(before.sample, now.sample);
    for (const finding of come)
      this.say(finding.severity === 'critical' ? 'important' : 'console', `${findingLine(finding)}\n`);
    for (const finding of gone)
      if (finding.severity !== 'info')
        this.say('console', `No longer: ${printable(finding.summary, 1000)}\n`);
    if (this.view) this.stops.look(this.view, now, before);
  }

  private tellThreads(now: Picture['threads'], before: Picture['threads']): void {
    const { started, exited, renamed } = threadChanges(now, before);
    for (const threadId of exited) this.tell('thread', { reason: 'exited', threadId });
    for (const threadId of started) this.tell('thread', { reason: 'started', threadId });
    if (renamed && this.client.invalidates) this.tell('invalidated', { areas: ['threads'] });
  }

  private completed(): void {
    this.settled.soon(() => {
      this.queries?.renew();
      if (this.client.invalidates) this.tell('invalidated', { areas: ['all'] });
    });
  }

  private troubled(problem: InspectionProblem | undefined): void {
    const text = problem ? problemSentence(problem) : 'The process is looked at again.';
    this.say(problem ? 'important' : 'console', `${text}\n`);
  }

  /** Our own child has ended. */
  private exited(how: number | string): void {
    if (this.over) return;
    this.say('console', `${endWords(how)}\n`);
    this.finish(exitCode(how));
  }

  private ended(problem: InspectionProblem | undefined): void {
    const subject = this.view?.subject;
    const started = subject?.kind === 'live' ? subject.started : undefined;
    // Its exit code is still to come.
    if (this.over || started?.ended !== undefined) return;
    if (problem) this.say('console', `${problemSentence(problem)}\n`);
    this.finish();
  }

  private finish(code?: number): void {
    if (this.over) return;
    this.over = true;
    if (this.view) this.tellThreads([], this.view.picture.threads);
    if (code !== undefined) this.tell('exited', { exitCode: code });
    this.tell('terminated');
  }

  /** Lets go of everything; the process is left as it is. */
  private close(): void {
    if (this.closed) return;
    this.closed = true;
    this.over = true;
    this.abandonAll();
    this.settled.dispose();
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

function release(subject: Subject): void {
  if (subject.kind !== 'live') return;
  subject.started?.end();
  subject.followed.dispose();
}
