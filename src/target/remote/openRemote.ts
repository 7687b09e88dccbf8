import { randomBytes } from 'node:crypto';
import { UserError } from '../../model/errors';
import { printable } from '../../model/printable';
import { probeMissing } from '../probeErrors';
import { type ProbeOptions, probeArguments } from '../probeOptions';
import { connectProbe, type ProbeTarget } from '../probeTarget';
import type { RemoteHost } from '../remoteHost';
import { archOf, type FindProbe, readBuilds, type ShippedBuild } from './builds';
import { Conversation } from './conversation';
import { type Elevation, elevate, elevationCommand, passElevation } from './elevate';
import { probeConnection } from './probeConnection';
import {
  cancelled,
  damaged,
  hasTerminal,
  isPlaceTrouble,
  lacksTool,
  nonsense,
  noPlace,
  noProbeThere,
  notLinuxThere,
  notStarted,
  type Place,
  replaceable,
  unsupportedMachine,
} from './remoteErrors';
import { type ElevatedStart, markerOf, presentScript, uploadScript } from './script';
import { SCRIPT_READER, scriptInput } from './shell';

export interface RemoteOptions extends ProbeOptions {
  /** The builds that come with this program. */
  readonly probes: FindProbe;
  /** Leaves an uploaded probe on the host for the next time. */
  readonly keep?: boolean;
  /** A probe that stands on the host already; nothing is uploaded then. */
  readonly probePath?: string;
  /** Runs the probe as root. */
  readonly elevation?: Elevation;
  readonly signal?: AbortSignal;
  /** Milliseconds for each word of the host. Default 15 s; an upload has four times as long. */
  readonly patience?: number;
  /** Seconds after which a probe that hears nothing leaves the host: the way to it may have died without a word. Default 60. */
  readonly idle?: number;
}

/**
 * Brings the probe to a host, unless it is there, and connects to it: one command of the host, which ends with the target.
 * The host stays open. Rejects with a UserError.
 */
export async function openRemote(host: RemoteHost, options: RemoteOptions): Promise<ProbeTarget> {
  const { elevation, probePath } = options;
  const asRoot = `${host.label} as root`;
  if (elevation && probePath === undefined) {
    return open(elevate(host, elevation, options), { ...options, elevation: undefined }, asRoot);
  }
  return open(host, { ...options, elevation }, elevation ? asRoot : host.label);
}

interface Opening extends Omit<RemoteOptions, 'elevation'> {
  readonly elevation: Elevation | undefined;
}

async function open(host: RemoteHost, options: Opening, name: string): Promise<ProbeTarget> {
  const { patience = 15_000, idle = 60, signal, probePath, keep = false } = options;
  const nonce = randomBytes(8).toString('hex');
  const args = probeArguments(options);
  const builds = probePath === undefined ? await readBuilds(options.probes) : [];
  if (probePath === undefined && builds.length === 0) throw probeMissing(options.probes('x64'));
  const prompt = `${markerOf(nonce)} password`;
  const script =
    probePath === undefined
      ? uploadScript({ nonce, builds, keep, args })
      : presentScript(checked(probePath), { nonce, args }, startOf(options.elevation, prompt));

  const command = await host.run(SCRIPT_READER);
  const talk = new Conversation(command, markerOf(nonce), host.label);
  try {
    signal?.throwIfAborted();
    talk.write(scriptInput(script));
    const needsNone = await new Finding(talk, host, builds, options, patience).run();
    if (options.elevation && !needsNone)
      await passElevation(talk, host.label, options.elevation, prompt, options);
  } catch (error) {
    command.kill();
    throw signal?.aborted ? cancelled() : error;
  }
  try {
    return await connectProbe(probeConnection(talk.release()), name, { ...options, patience, idle });
  } catch (error) {
    throw error instanceof UserError && error.code === 'probe-failed'
      ? notStarted(host.label, error.why)
      : error;
  }
}

function startOf(elevation: Elevation | undefined, prompt: string): ElevatedStart | undefined {
  return elevation && { command: elevationCommand(elevation, prompt), digests: elevation.method === 'sudo' };
}

function checked(path: string): string {
  if (!path.startsWith('/') || /[\u0000-\u001f\u007f]/.test(path)) {
    throw new UserError(
      'usage',
      'The path of the probe on the host is wrong.',
      `"${printable(path)}" is not an absolute path.`,
      'Give the path from "/" on (probePath).',
    );
  }
  return path;
}

/** Lines that the script says, with room. */
const MOST_LINES = 40;

/** Follows the script until the probe starts; what it says is in script.ts. */
class Finding {
  private readonly places: Place[] = [];
  private machine = '';
  private sent = false;

  constructor(
    private readonly talk: Conversation,
    private readonly host: RemoteHost,
    private readonly builds: readonly ShippedBuild[],
    private readonly options: Opening,
    private readonly patience: number,
  ) {}

  private get label(): string {
    return this.host.label;
  }

  /** Resolves when the next bytes are the probe's; true = it runs as root without being asked for. */
  async run(): Promise<boolean> {
    let patience = this.host.patience ?? this.patience;
    for (let heard = 0; heard < MOST_LINES; heard++) {
      const line = await this.talk.next(patience, this.options.signal);
      patience = this.patience;
      const [word = '', ...rest] = line.split(' ');
      if (word === 'run' || word === 'own') return word === 'own';
      if (word === 'send') {
        this.send();
        patience = 4 * this.patience;
      } else {
        this.hear(word, rest, line);
      }
    }
    throw nonsense(this.label, 'more than the script says');
  }

  private hear(word: string, rest: readonly string[], line: string): void {
    const { label } = this;
    switch (word) {
      case 'host': {
        const [, machine = '?', ...system] = rest;
        this.machine = machine;
        if (system.join(' ') !== 'Linux') throw notLinuxThere(label, system.join(' ') || 'an unknown system');
        return;
      }
      case 'place': {
        const [trouble = '', ...path] = rest;
        if (isPlaceTrouble(trouble) && this.places.length < 20)
          this.places.push({ trouble, path: path.join(' ') });
        return;
      }
      case 'machine': {
        const arch = archOf(this.machine);
        throw arch ? probeMissing(this.options.probes(arch)) : unsupportedMachine(label, this.machine);
      }
      case 'terminal':
        throw hasTerminal(label);
      case 'tool':
        throw lacksTool(label, printable(rest.join(' '), 40));
      case 'no-place':
        throw noPlace(label, this.places);
      case 'damaged':
        throw damaged(label);
      case 'missing':
        throw noProbeThere(label, this.options.probePath ?? '');
      case 'replaceable':
        throw replaceable(label, this.options.probePath ?? '', rest.join(' '));
      default:
        throw nonsense(label, line);
    }
  }

  private send(): void {
    const build = this.builds.find(({ machines }) => machines.includes(this.machine));
    if (!build || this.sent) throw nonsense(this.label, `send to ${this.machine}`);
    this.sent = true;
    this.talk.command.input.write(build.bytes);
  }
}
