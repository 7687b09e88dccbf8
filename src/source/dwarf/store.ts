import { ET_REL } from '../elfHeaders';
import { FunctionMap } from './functions';
import { InlinedCalls } from './inlined';
import { LineTable } from './lineTable';
import type { Loaded, Unit } from './unit';

/** Bytes of units kept in memory, roughly. */
const MOST = 192 << 20;

interface Kept {
  loaded?: Promise<Loaded | undefined>;
  lines?: Promise<LineTable | undefined>;
  functions?: Promise<FunctionMap | undefined>;
  readonly inlined: Map<number, InlinedCalls>;
  weight: number;
}

/** What has been decoded of units; the ones not used for longest are dropped. */
export class Store {
  private readonly kept = new Map<Unit, Kept>();
  private weight = 0;

  constructor(
    private readonly elfType: number,
    private readonly most = MOST,
  ) {}

  get zero(): boolean {
    return this.elfType === ET_REL;
  }

  /** Undefined where the unit cannot be had: the troubles say why. */
  load(unit: Unit): Promise<Loaded | undefined> {
    const kept = this.use(unit);
    kept.loaded ??= unit.load().then((loaded) => {
      if (typeof loaded !== 'string') {
        this.weigh(unit, kept, unit.size);
        return loaded;
      }
      unit.file.troubles.say(loaded);
      return undefined;
    });
    return kept.loaded;
  }

  lines(unit: Unit): Promise<LineTable | undefined> {
    const kept = this.use(unit);
    kept.lines ??= LineTable.read(unit, this.elfType).then((table) => {
      this.weigh(unit, kept, table?.weight ?? 0);
      return table;
    });
    return kept.lines;
  }

  functions(unit: Unit): Promise<FunctionMap | undefined> {
    const kept = this.use(unit);
    kept.functions ??= this.scan(unit).then((map) => {
      this.weigh(unit, kept, map?.weight ?? 0);
      return map;
    });
    return kept.functions;
  }

  /** The calls inlined into the function whose entry begins at `offset` of the unit. */
  async inlined(unit: Unit, offset: number): Promise<InlinedCalls | undefined> {
    const { inlined } = this.use(unit);
    let calls = inlined.get(offset);
    if (calls === undefined) {
      const loaded = await this.load(unit);
      if (loaded === undefined) return undefined;
      calls = new InlinedCalls(unit, loaded, offset);
      inlined.set(offset, calls);
    }
    return calls;
  }

  private async scan(unit: Unit): Promise<FunctionMap | undefined> {
    const loaded = await this.load(unit);
    return loaded === undefined ? undefined : FunctionMap.scan(unit, loaded, this.zero);
  }

  private use(unit: Unit): Kept {
    const kept = this.kept.get(unit) ?? { inlined: new Map(), weight: 0 };
    this.kept.delete(unit);
    this.kept.set(unit, kept);
    return kept;
  }

  private weigh(unit: Unit, kept: Kept, bytes: number): void {
    if (this.kept.get(unit) !== kept) return;
    kept.weight += bytes;
    this.weight += bytes;
    for (const [oldest, { weight }] of this.kept) {
      if (this.weight <= this.most || oldest === unit) break;
      this.kept.delete(oldest);
      this.weight -= weight;
    }
  }
}
