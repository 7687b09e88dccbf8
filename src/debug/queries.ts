import type { DebugProtocol } from '@vscode/debugprotocol';
import { UserError } from '../model/errors';
import { printable } from '../model/printable';
import type { KernelFrame, Sample } from '../model/sample';
import type { Arguments } from './answeringSession';
import type { Client } from './client';
import { completions } from './completions';
import { staleReference, unshowable } from './errors';
import { evaluate } from './expressions';
import type { Below } from './items';
import { readMemory } from './memory';
import type { ShownFrame } from './picture';
import { References } from './references';
import { scopesOf } from './scopes';
import type { DebugServices } from './services';
import { Sources } from './sources';
import { stackTrace } from './stackTrace';
import { ToldTexts } from './toldTexts';
import { referenceOf, variables } from './variables';
import type { View } from './view';

/** What the request `ioUring/kernelFrame` answers: a frame of a kernel stack, for what finds its line. */
export interface KernelFrameBody {
  readonly frame: KernelFrame;
  /** Innermost first; the frame is one of these. */
  readonly stack: readonly KernelFrame[];
  readonly host: Pick<Sample['host'], 'kernel' | 'stable' | 'arch'>;
}

/** Answers what a client asks of the picture. */
export class Queries {
  private readonly frames = new References<ShownFrame>();
  private readonly below = new References<Below>();
  private readonly told = new ToldTexts();
  private readonly sources: Sources;

  constructor(
    private readonly view: View,
    private readonly services: DebugServices,
    private readonly client: Client,
  ) {
    this.sources = new Sources(services, client, view.subject.sourceFileMap);
  }

  /** The picture is another now: references of the one before that are forgotten. */
  renew(): void {
    this.frames.renew();
    this.below.renew();
  }

  threads(): DebugProtocol.ThreadsResponse['body'] {
    return { threads: this.view.picture.threads.map(({ id, name }) => ({ id, name: printable(name, 300) })) };
  }

  stackTrace(args: Arguments): Promise<DebugProtocol.StackTraceResponse['body']> {
    return stackTrace(this.view.picture, args, this.frames, this.sources);
  }

  /** The text of a frame that has no code to show. */
  source({ source, sourceReference }: Arguments): DebugProtocol.SourceResponse['body'] {
    const named: Partial<DebugProtocol.Source> = Object(source);
    const content = this.told.text(named.sourceReference || sourceReference, this.frames);
    return { content, mimeType: 'text/plain' };
  }

  scopes({ frameId }: Arguments): DebugProtocol.ScopesResponse['body'] {
    const { about, picture } = this.frame(frameId);
    return {
      scopes: orSaid(() => scopesOf(about, picture.sample)).map(({ name, below, expensive = false }) => ({
        name,
        expensive,
        ...referenceOf(below, this.below, this.client),
      })),
    };
  }

  variables(args: Arguments): DebugProtocol.VariablesResponse['body'] {
    return variables(args, this.below, this.client);
  }

  /** In the picture of the frame, where one is named. */
  evaluate({ expression, frameId, context }: Arguments): DebugProtocol.EvaluateResponse['body'] {
    const frame = this.frames.get(frameId);
    const { sample } = frame?.picture ?? this.view.picture;
    const { text, type, memory, below } = orSaid(() => evaluate(sample, String(expression ?? '')));
    // A line each: what breaks lines inside them is the target's.
    const lines = text.split('\n').map((line) => printable(line));
    return {
      // What the pointer rests on may be a variable of the program that is called so.
      result: `${context === 'hover' ? 'io_uring Inspector: ' : ''}${lines.join('\n')}`,
      ...(type === undefined ? {} : { type }),
      ...(memory === undefined || !this.client.memory ? {} : { memoryReference: memory }),
      ...referenceOf(below, this.below, this.client),
      presentationHint: { attributes: ['readOnly'] },
    };
  }

  completions(args: Arguments): DebugProtocol.CompletionsResponse['body'] {
    return completions(this.view.picture.sample, args, this.client);
  }

  readMemory(args: Arguments, signal: AbortSignal): Promise<object> {
    return readMemory(this.services, this.view.subject, args, signal);
  }

  kernelFrame({ frameId }: Arguments): KernelFrameBody {
    const { about, picture } = this.frame(frameId);
    const { kernel: frame, task } = about.kind === 'task' ? about : {};
    const { kernel, stable, arch } = picture.sample.host;
    if (frame && task?.kernelStack)
      return {
        frame,
        stack: task.kernelStack,
        host: { kernel, arch, ...(stable === undefined ? {} : { stable }) },
      };
    throw new UserError(
      'debug-unknown',
      'This is no frame of the kernel.',
      'It is the program’s own, or a remark between frames.',
    );
  }

  private frame(id: unknown): ShownFrame {
    const frame = this.frames.get(id);
    if (!frame) throw staleReference('frame');
    return frame;
  }
}

/** A saved Sample may hold what no look finds: the error says so then. */
function orSaid<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw unshowable(error);
  }
}
