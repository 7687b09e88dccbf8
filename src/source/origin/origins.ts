import { printable } from '../../model/printable';
import type { Origin } from '../../model/request';
import type { Target } from '../../target/target';
import type { Binaries, Place } from '../binaries';
import { Code } from './code';
import { ProcessMemory } from './processMemory';
import { Search } from './search';
import { type Candidate, meaningOf } from './userData';

/** Values of user_data looked into in one look. */
const MOST_VALUES = 500;
/** Looked into at once, so that their reads travel together. */
const AT_ONCE = 50;
/** Processes whose binaries' headers are kept. */
const MOST_PROCESSES = 8;
/** Milliseconds that a process whose memory did not answer is left alone. */
const HUNG_FOR = 30_000;

/** What is kept of a process. */
interface Known {
  readonly memory: ProcessMemory;
  /** Its functions, while the same is mapped. */
  code?: { readonly functions: Code; readonly generation: number };
  /** When it last did not answer. */
  hungAt?: number;
}

/** Tells which code requests belong to, by what their user_data leads to in the process's memory. */
export class Origins {
  private readonly processes = new Map<number, Known>();

  constructor(
    private readonly target: Target,
    private readonly binaries: Binaries,
  ) {}

  /** By user_data; of those nothing was recognised of none. Never rejects for what lies in the memory; nothing is said of a process that does not answer. */
  async of(place: Place, userData: Iterable<string>): Promise<Map<string, readonly Origin[]>> {
    const found = new Map<string, readonly Origin[]>();
    const pointers: { readonly value: string; readonly candidates: readonly Candidate[] }[] = [];
    for (const value of new Set(userData)) {
      const meaning = meaningOf(value);
      if (meaning.kind === 'number') found.set(value, [{ kind: 'number', function: meaning.words }]);
      else if (meaning.kind === 'address' && pointers.length < MOST_VALUES)
        pointers.push({ value, candidates: meaning.candidates });
    }
    if (pointers.length === 0 || this.target.arch !== 'x86_64') return found;
    const process = this.process(place.pid);
    if (process.hungAt !== undefined && Date.now() - process.hungAt < HUNG_FOR) return found;
    const { memory } = process;
    if (!(await memory.open())) return found;
    const code = this.codeOf(process, place);
    for (let at = 0; at < pointers.length && !memory.isSpent; at += AT_ONCE)
      await Promise.all(
        pointers.slice(at, at + AT_ONCE).map(async ({ value, candidates }) => {
          const origins = isMapped(memory, candidates)
            ? await new Search(code).of(candidates)
            : [{ kind: 'number', function: OPAQUE } as const];
          if (origins.length > 0) found.set(value, origins.map(shown));
        }),
      );
    memory.close();
    // What was not found then may be there when there is time.
    if (memory.isSpent) delete process.code;
    if (memory.hangs) process.hungAt = Date.now();
    return found;
  }

  close(): void {
    this.processes.clear();
  }

  private codeOf(process: Known, place: Place): Code {
    const { memory, code } = process;
    if (code?.generation === memory.generation) return code.functions;
    const functions = new Code(memory, this.binaries, place);
    process.code = { functions, generation: memory.generation };
    return functions;
  }

  private process(pid: number): Known {
    const process: Known = this.processes.get(pid) ?? { memory: new ProcessMemory(this.target, pid) };
    this.processes.delete(pid);
    this.processes.set(pid, process);
    const [oldest] = this.processes.keys();
    if (this.processes.size > MOST_PROCESSES && oldest !== undefined) this.processes.delete(oldest);
    return process;
  }
}

const OPAQUE = 'an identifier of its own, not an address of its memory';

function isMapped(memory: ProcessMemory, candidates: readonly Candidate[]): boolean {
  return candidates.some(({ address }) => memory.region(address) !== undefined);
}

function shown({ function: name, file, ...origin }: Origin): Origin {
  return { ...origin, function: printable(name), ...(file === undefined ? {} : { file: printable(file) }) };
}
